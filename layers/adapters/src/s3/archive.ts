import { type ArchiveFile, type ArchiveStore, ProtocolError, type Scope } from '@bifold/core/engine';
import { mapOf } from '../concurrency.ts';
import type { Bucket, Metadata } from './bucket.ts';
import { createOnce } from './create-once.ts';

const HEADS_AT_ONCE = 16;
const OFFSET_DIGITS = 20;

/**
 * The archive in a bucket: `archive/<version>/<topicId>/<partition>/<start>.parquet`. A name
 * contains only the start of a file. So two writers that continue from one offset use the same key,
 * and only one of them creates it. The end of a file is in its metadata, and in the name of the
 * next.
 */
export function s3Archive(bucket: Bucket, scope: Scope): ArchiveStore {
  const root = `archive/${scope.version}/${scope.topicId}/`;
  const folder = (partition: number) => `${root}${partition}/`;
  const keyOf = (partition: number, start: number) =>
    `${folder(partition)}${String(start).padStart(OFFSET_DIGITS, '0')}.parquet`;

  const startsOf = async (partition: number): Promise<number[]> => {
    const prefix = folder(partition);
    const keys = await bucket.list(prefix);
    return keys.map((key) => parseStart(key.slice(prefix.length), key)).sort((left, right) => left - right);
  };

  /** Files never change, so their metadata is read once. */
  const cached = new Map<string, FileMetadata>();

  const metadataOf = async (partition: number, start: number): Promise<FileMetadata> => {
    const key = keyOf(partition, start);
    const existing = cached.get(key);
    if (existing !== undefined) return existing;
    const metadata = await bucket.head(key);
    if (metadata === null) throw broken(key, 'no such object');
    const parsed = parseMetadata(key, partition, start, metadata);
    cached.set(key, parsed);
    return parsed;
  };

  return {
    async chain(partition) {
      const starts = await startsOf(partition);
      const files = await mapOf(starts, HEADS_AT_ONCE, async (start): Promise<ArchiveFile> => {
        const { end, lost } = await metadataOf(partition, start);
        return { partition, start, end, lost, path: keyOf(partition, start) };
      });
      let chainEnd = 0;
      for (const file of files) {
        if (file.start !== chainEnd)
          throw broken(file.path, `a file from ${file.start} on, after one up to ${chainEnd}`);
        chainEnd = file.end;
      }
      return files;
    },

    async frontier(partition) {
      const last = (await startsOf(partition)).at(-1);
      return last === undefined ? 0 : (await metadataOf(partition, last)).end;
    },

    async partitions() {
      const names = await bucket.folders(root);
      return names.map(Number).sort((left, right) => left - right);
    },

    async append({ partition, start, end, lost }, localPath) {
      if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start < end)) {
        throw broken(keyOf(partition, start), `a file of [${start}, ${end})`);
      }
      const key = keyOf(partition, start);
      return createOnce(bucket, key, localPath, { partition: String(partition), end: String(end), lost: String(lost) });
    },

    async fetch(file, localPath) {
      const metadata = await bucket.download(file.path, localPath);
      const { end, lost } = parseMetadata(file.path, file.partition, file.start, metadata);
      if (end !== file.end || lost !== file.lost) throw broken(file.path, `an end of ${end} instead of ${file.end}`);
    },
  };
}

interface FileMetadata {
  readonly end: number;
  readonly lost: boolean;
}

function parseStart(name: string, key: string): number {
  const [, digits] = /^(\d{20})\.parquet$/.exec(name) ?? [];
  const start = Number(digits);
  if (!Number.isSafeInteger(start)) throw broken(key, `a file named ${name}`);
  return start;
}

function parseMetadata(key: string, partition: number, start: number, metadata: Metadata): FileMetadata {
  const end = Number(metadata.end);
  const isConsistent =
    Number.isSafeInteger(end) &&
    end > start &&
    metadata.partition === String(partition) &&
    (metadata.lost === 'true' || metadata.lost === 'false');
  if (!isConsistent) throw broken(key, `metadata ${JSON.stringify(metadata)}`);
  return { end, lost: metadata.lost === 'true' };
}

function broken(key: string, received: string): ProtocolError {
  return new ProtocolError('BIFOLD_ARCHIVE_BROKEN', {
    failed: `the archive's chain does not hold at ${key}`,
    received,
    allowed: 'files from offset 0 on, each starting where the one before it ends, as the archive function creates them',
    remedy:
      'restore what was deleted or remove what something else wrote; nothing may write below archive/ but the archive function',
  });
}
