import type { Sabotage } from './sabotage.ts';

/** Rule 7: the archive is a chain. */
export const ARCHIVE_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'archive-overwrites',
    rule: 7,
    breaks: 'an archive file is written without If-None-Match',
    bucket: (bucket) => ({
      ...bucket,
      create: async (key, localPath, metadata) => {
        await bucket.put(key, localPath, metadata);
        return { kind: 'created' };
      },
    }),
  },
  {
    name: 'loss-taken-for-a-hole',
    rule: 7,
    breaks: 'what retention took before the archive came counts as a hole',
    log: (log, role) =>
      role === 'archive' ? { ...log, read: async (...of) => ({ ...(await log.read(...of)), logStart: 0 }) } : log,
  },
  {
    name: 'log-start-read-first',
    rule: 7,
    breaks: "the log's start is read before the fetch, not after it",
    log: (log, role) =>
      role === 'archive'
        ? {
            ...log,
            read: async (partition, ...of) => {
              const { start } = await log.bounds(partition);
              return { ...(await log.read(partition, ...of)), logStart: start };
            },
          }
        : log,
  },
];
