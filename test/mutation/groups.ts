const CORE = 'layers/core/src';

const own = (...names: readonly string[]): readonly string[] => names.map((name) => `${CORE}/${name}.test.ts`);
const laws = (...names: readonly string[]): readonly string[] => names.map((name) => `test/laws/${name}.test.ts`);
/** Tests of the definitions that core compiles. */
const DEFINITIONS = own(
  'definition/*',
  ...['aggregates', 'expressions', 'operators', 'source'].map((folder) => `definition/${folder}/*`),
  'expression/type',
);
/** Tests of pipelines that score. */
const SCORES = ['layers/models/src/scoring/fitted.test.ts', 'examples/flights/src/delays-expected.test.ts'];

interface Mutated {
  /** Files of core, without `.ts`. */
  readonly files: readonly string[];
  /**
   * The tests that judge: core's own, those of the definitions that it compiles, and the laws that
   * concern this group. Fast tests come first, so that most mutants are killed at once.
   */
  readonly judges: readonly string[];
  /**
   * This code caches its results in the process, as the days of a calendar. A mutant's results
   * would reach the tests of later mutants. So each mutant has a separate process, and few tests to
   * load.
   */
  readonly apart?: true;
}

/**
 * The mutated files: all of core that decides a number, or reads and writes its bytes, by purpose.
 *
 * Some are left out. `sql.ts`, `expression-sql.ts` and `tables.ts` state the same for an engine,
 * and are tested with it (test/laws/sql, test/integration), too slowly for a thousand
 * mutants. The refusals of definitions have a test each, beside them. Files of types have no
 * behaviour.
 */
const MUTATED = {
  fold: {
    files: [
      'fold/fold',
      'fold/segment',
      'stateful/stateful-stage',
      'stateful/watermark',
      'records/items',
      'expression/evaluate',
      'fold/interpret',
    ],
    judges: [
      ...own(
        'expression/evaluate',
        'fold/segment',
        'stateful/stateful-stage',
        'stateful/watermark',
        'fold/row',
        'windows/windows',
        'fold/fold',
        'records/*',
      ),
      ...DEFINITIONS,
      ...SCORES,
      ...laws(
        'fold',
        'operators/duplicates',
        'operators/late',
        'operators/join',
        'operators/flat-map',
        'windows/composed-windows',
        'merge',
      ),
    ],
  },
  joins: {
    files: ['stateful/join', 'stateful/repartition', 'id'],
    judges: [
      ...own('stateful/join', 'stateful/repartition', 'stateful/stateful-stage'),
      ...DEFINITIONS,
      ...laws('operators/join', 'operators/duplicates'),
    ],
  },
  merge: {
    files: ['query/answer', 'query/finality', 'query/coverage', 'order', 'batch/publish'],
    judges: [
      ...own('query/finality', 'query/coverage', 'order', 'batch/publish', 'query/digest', 'windows/windows'),
      ...laws('windows/finality', 'fold', 'windows/composed-windows', 'merge'),
    ],
  },
  windows: {
    files: ['windows/panes', 'windows/windows', 'definition/operators/window', 'definition/duration'],
    judges: [
      ...own('windows/windows', 'fold/row', 'fold/fold'),
      ...DEFINITIONS,
      ...laws('windows/windows', 'windows/composed-windows', 'merge'),
    ],
  },
  calendars: {
    files: ['search', 'windows/calendar', 'windows/zone-clock'],
    judges: [
      ...own('windows/calendar', 'windows/zone-clock', 'query/coverage', 'stateful/stateful-stage'),
      ...DEFINITIONS,
      ...laws('windows/calendar', 'windows/windows'),
    ],
    apart: true,
  },
  aggregates: {
    files: [
      'descriptor',
      'kinds',
      'parameters',
      'positioned-value',
      'result',
      ...['count', 'sum', 'mean', 'min-max', 'any-all', 'variance', 'covariance'].map((name) => `kinds/${name}`),
      ...['first-last', 'quantile', 'distinct', 'top-k', 'histogram', 'collect', 'custom'].map(
        (name) => `kinds/${name}`,
      ),
      ...['exact', 'dyadic', 'decimals'].map((name) => `numeric/${name}`),
    ].map((name) => `aggregates/${name}`),
    judges: [
      ...own('fold/row', 'fold/fold'),
      ...DEFINITIONS,
      ...laws('aggregates/*', 'fold'),
      ...own('aggregates/*', 'aggregates/kinds/*', 'aggregates/numeric/*', 'aggregates/sketches/*'),
    ],
  },
  codecs: {
    files: [
      'records/codec',
      'fold/row',
      'records/record',
      'records/value',
      'aggregates/numeric/decimal',
      'records/key-size',
      'plan/version',
    ],
    judges: [
      ...own('records/*', 'fold/row', 'fold/fold', 'aggregates/numeric/decimal', 'plan/version'),
      ...own('stateful/stateful-stage', 'windows/windows'),
      ...DEFINITIONS,
      ...laws('fold', 'operators/join', 'aggregates/*', 'operators/flat-map'),
    ],
  },
} satisfies Readonly<Record<string, Mutated>>;

export type Group = keyof typeof MUTATED;

export const GROUPS = Object.keys(MUTATED) as readonly Group[];

export function mutatedBy(group: Group): Mutated {
  return MUTATED[group];
}

/** Paths from the root of the checkout. */
export function filesOf(group: Group): readonly string[] {
  return MUTATED[group].files.map((file) => `${CORE}/${file}.ts`);
}
