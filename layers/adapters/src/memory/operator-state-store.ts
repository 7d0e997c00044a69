import { logTimestampUs, type OperatorStateStore, type Scope } from '@bifold/core/engine';
import { joinKey, utf8 } from './cell-table.ts';
import type { MemoryTables } from './tables.ts';

export function memoryOperatorStateStore(
  { operatorState }: MemoryTables,
  { version, topicId }: Scope,
): OperatorStateStore {
  const keyOf = (partition: number, id: string) => joinKey(version, topicId, partition, id);
  return {
    read: async (partition, ranges) =>
      ranges.flatMap(({ id, fromMs, toMs }) =>
        operatorState.rows(keyOf(partition, id)).filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs),
      ),

    async write(partition, entries) {
      for (const entry of entries) {
        const row = joinKey(entry.timeMs, entry.offset);
        operatorState.write(keyOf(partition, entry.id), row, logTimestampUs(entry.offset), utf8(''), entry);
      }
    },
  };
}
