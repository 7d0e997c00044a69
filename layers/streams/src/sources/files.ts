import { isHidden, isRemote } from '@bifold/adapters/files';
import { checkFormat, checkPlace } from '../definition/places.ts';
import { checkHeader, type FileOptions, readRecords } from './file-records.ts';
import { localFiles, remoteFiles, type SeenFile } from './folders.ts';
import { rowReader } from './row-reader.ts';
import {
  checkLimit,
  chunkOf,
  type OpenSource,
  type RowsOf,
  type SourceChunk,
  type SourceContext,
  type SourceDescriptor,
  type SourceNode,
} from './source.ts';

export interface FilesNode extends SourceNode, FileOptions {
  readonly kind: 'files';
  readonly path: string;
  readonly maxFilesPerTrigger: number | null;
}

export const filesSourceDescriptor: SourceDescriptor<FilesNode> = {
  kind: 'files',
  check: ({ format, path, maxFilesPerTrigger }, where) => {
    checkFormat(where, format);
    checkPlace(where, path);
    checkLimit(where, 'maxFilesPerTrigger', maxFilesPerTrigger);
  },
  fingerprint: ({ kind, path, format, csv }) => ({ kind, path, format, csv }),
  open: filesSource,
};

/** The number of files that were read, in the order of the file log. */
interface FilesPosition {
  readonly [name: string]: unknown;
  readonly files: number;
}

/**
 * A folder as a log of files. Each file gets a number when it is first seen, ordered by
 * modification time and name, and keeps it. Files must appear complete, for example by a rename,
 * and must not change. Names that begin with a dot or an underscore are ignored.
 */
async function filesSource(
  node: FilesNode,
  rows: RowsOf,
  { journal, suffix, ports }: SourceContext,
): Promise<OpenSource> {
  const log = `files${suffix}.jsonl`;
  const folder = isRemote(node.path) ? remoteFiles(node.path, await ports.folder(node.path)) : localFiles(node.path);
  const read = rowReader(node.schema, rows);
  const seen = (await journal.read(log)) as SeenFile[];
  const known = new Set(seen.map(({ path }) => path));

  /** A stream whose schema does not fit its first file is refused before it has read anything. */
  const checkFirst = async (file: SeenFile): Promise<void> => {
    const { path, done } = await folder.open(file);
    try {
      await checkHeader({ path, relativePath: file.path }, node, rows.columns);
    } finally {
      await done();
    }
  };

  return {
    begin: async () => ({ files: 0 }) satisfies FilesPosition,

    async available() {
      const added = (await folder.list()).filter(({ path }) => !known.has(path) && !isHidden(path)).sort(inOrder);
      const [first] = added;
      if (seen.length === 0 && first !== undefined) await checkFirst(first);
      await journal.append(log, added);
      for (const file of added) {
        seen.push(file);
        known.add(file.path);
      }
      return { files: seen.length } satisfies FilesPosition;
    },

    bounded(from, available) {
      const { files } = available as FilesPosition;
      const most = (from as FilesPosition).files + (node.maxFilesPerTrigger ?? Number.POSITIVE_INFINITY);
      return { files: Math.min(files, most) };
    },

    async *read(from, to): AsyncGenerator<SourceChunk> {
      for (const file of seen.slice((from as FilesPosition).files, (to as FilesPosition).files)) {
        const { path, done } = await folder.open(file);
        try {
          for await (const records of readRecords({ path, relativePath: file.path }, node, rows.columns))
            yield chunkOf(
              records,
              ({ line }) => `${file.path}:${line}`,
              ({ record, problem }) => (problem === null ? read(record) : { kind: 'bad', ...problem }),
            );
        } finally {
          await done();
        }
      }
    },

    close: async () => folder.close(),
  };
}

function inOrder(left: SeenFile, right: SeenFile): number {
  return left.modifiedMs - right.modifiedMs || (left.path < right.path ? -1 : left.path > right.path ? 1 : 0);
}
