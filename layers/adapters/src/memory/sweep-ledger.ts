import { logTimestampUs, type Scope, type SweepLedger } from '@bifold/core/engine';
import { bytesOf, joinKey } from './cell-table.ts';
import type { MemoryTables } from './tables.ts';

export function memorySweepLedger({ sweeps }: MemoryTables, { version, topicId }: Scope): SweepLedger {
  const keyOf = (partition: number) => joinKey(version, topicId, partition);
  return {
    sweptBelow: async (partition) => sweeps.rows(keyOf(partition))[0] ?? 0,
    async markSwept(partition, below) {
      sweeps.write(keyOf(partition), 'below', logTimestampUs(below), bytesOf(below), below);
    },
  };
}
