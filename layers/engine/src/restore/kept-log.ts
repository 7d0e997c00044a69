import type { ArchiveFile, Coverage, Log, LogRecord } from '@bifold/core/engine';
import { type RecordSourcePorts, readRecordSources } from '../archive/record-sources.ts';

/**
 * A log that starts at offset 0: it reads the archive below its end, and the broker above. It lacks
 * the records that retention deleted before archiving.
 */
export function keptLog(topicId: string, ports: RecordSourcePorts): Log {
  const { log, archive } = ports;
  const chains = new Map<number, Promise<readonly ArchiveFile[]>>();
  const chainOf = (partition: number): Promise<readonly ArchiveFile[]> => {
    const known = chains.get(partition) ?? archive.chain(partition);
    chains.set(partition, known);
    return known;
  };
  const archivedEnd = async (partition: number): Promise<number> => (await chainOf(partition)).at(-1)?.end ?? 0;
  const inLog = async (partition: number): Promise<Log | null> =>
    log !== null && (await log.partitions()).includes(partition) ? log : null;

  return {
    // The archive belongs to this topic. If the broker has another topic, it is not read.
    topicId: async () => (log === null ? topicId : log.topicId()),

    async partitions() {
      const archived = await archive.partitions();
      const all = new Set([...archived, ...(log === null ? [] : await log.partitions())]);
      return [...all].sort((one, other) => one - other);
    },

    async bounds(partition) {
      const logged = await (await inLog(partition))?.bounds(partition);
      return { start: 0, end: Math.max(await archivedEnd(partition), logged?.end ?? 0) };
    },

    async read(partition, from, to, maxBytes) {
      const file = (await chainOf(partition)).find(({ start, end }) => start <= from && from < end);
      if (file === undefined) {
        const logged = await inLog(partition);
        return logged === null ? { records: [], end: to, logStart: to } : logged.read(partition, from, to, maxBytes);
      }
      const end = Math.min(to, file.end);
      if (file.lost) return { records: [], end, logStart: file.end };
      const within: Coverage = { [partition]: [[from, end]] };
      const records: LogRecord[] = [];
      for await (const record of readRecordSources({ archive: within, log: {}, missing: {} }, ports))
        records.push(record);
      return { records, end, logStart: from };
    },

    close: async () => undefined,
  };
}
