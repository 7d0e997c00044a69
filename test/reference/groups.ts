/** A page of the reference: the exported names whose declarations lie in files that match. */
export interface Group {
  readonly page: string;
  readonly title: string;
  readonly introduction: string;
  /** Matched against the path of a declaration from the root of the repository. */
  readonly files: RegExp;
}

/** The packages whose index is a definition API, and the file that is their index. */
export const PACKAGES: Readonly<Record<string, string>> = {
  '@bifold/core': 'layers/core/src/index.ts',
  '@bifold/models': 'layers/models/src/index.ts',
  '@bifold/streams': 'layers/streams/src/index.ts',
};

const CORE = 'layers/core/src/';

export const GROUPS: readonly Group[] = [
  {
    page: 'pipelines',
    title: 'Pipelines',
    introduction: 'A pipeline reads a topic, shapes its records, and aggregates them by key and window.',
    files: new RegExp(
      `^${CORE}(definition/(.*/)?(pipeline|topic|relay|flat-map|duplicates|late|lookup|duration)|errors)\\.ts$`,
    ),
  },
  {
    page: 'expressions',
    title: 'Expressions',
    introduction: 'Expressions compute derived columns and conditions. Each layer computes the same bits.',
    files: new RegExp(`^${CORE}definition/expressions/.*\\.ts$`),
  },
  {
    page: 'windows',
    title: 'Windows',
    introduction: 'A window cuts event time into intervals `[start, end)`.',
    files: new RegExp(`^${CORE}(definition|plan)/(.*/)?window\\.ts$`),
  },
  {
    page: 'aggregates',
    title: 'Aggregates',
    introduction:
      'An aggregate folds the records of one key and window into a value. Null and missing values are skipped.',
    files: new RegExp(`^${CORE}definition/aggregates/.*\\.ts$`),
  },
  {
    page: 'models',
    title: 'Models',
    introduction: 'A model scores records in a pipeline. It is trained from a definition of its features.',
    files: new RegExp(`^(${CORE}definition/(.*/)?model\\.ts|layers/models/src/.*)$`),
  },
  {
    page: 'streams',
    title: 'Streams',
    introduction:
      'A stream runs in a process (`bifold run`): it reads a source in batches, and writes each batch to its sinks.',
    files: /^layers\/streams\/src\//,
  },
];
