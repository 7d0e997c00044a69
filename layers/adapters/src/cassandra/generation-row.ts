import { TABLES } from '@bifold/core/engine';
import type { CassandraClient } from './client.ts';
import { insertCql, selectCql } from './tables.ts';

/** Tables whose rows hold one text and its generation, and move by compare-and-set. */
type GenerationTable = {
  [Name in keyof typeof TABLES]: 'state' extends keyof (typeof TABLES)[Name]['columns'] ? Name : never;
}[keyof typeof TABLES];
type Key = readonly Parameters<CassandraClient['write']>[0]['values'][number][];

export interface GenerationState {
  readonly generation: number;
  readonly state: string;
}

/** One row, which is written only with IF. */
export interface GenerationRow {
  /** Null if there is no row. A serial read completes an unfinished write. */
  read(consistency: 'serial' | 'quorum'): Promise<GenerationState | null>;
  /**
   * Writes `next` if the row still has that generation; 0 expects no row. Returns false if another
   * writer moved it first.
   */
  move(expectedGeneration: number, next: GenerationState): Promise<boolean>;
}

const ATTEMPTS_MAX = 3;

export function generationRow(
  client: CassandraClient,
  table: Exclude<GenerationTable, 'pointer'>,
  key: Key,
): GenerationRow {
  const insert = insertCql(client, table, 'IF NOT EXISTS');
  const where = TABLES[table].partitionKey.map((column) => `${column} = ?`).join(' AND ');
  const update = `UPDATE ${client.table(table)} SET generation = ?, state = ? WHERE ${where} IF generation = ?`;
  const select = selectCql(client, table, ['generation', 'state']);

  const read = async (consistency: 'serial' | 'quorum'): Promise<GenerationState | null> => {
    const [row] = await client.read({ cql: select, values: key }, { serial: consistency === 'serial' });
    return row === undefined ? null : { generation: Number(row.generation), state: row.state };
  };

  return {
    read,

    async move(expectedGeneration, { generation, state }) {
      const statement =
        expectedGeneration === 0
          ? { cql: insert, values: [...key, BigInt(generation), state] }
          : { cql: update, values: [BigInt(generation), state, ...key, BigInt(expectedGeneration)] };
      for (let attempt = 1; ; attempt++) {
        const decision = await client.executeConditional(statement);
        if (decision.kind === 'applied') return true;
        // If the write timed out, it may still have been applied. If the row did not move, repeat
        // the same comparison. At most one of our attempts can win.
        const stored = attempt > 1 || decision.kind === 'unknown' ? await read('serial') : null;
        if (stored?.generation === generation) return stored.state === state;
        if (decision.kind === 'refused') return false;
        if (attempt === ATTEMPTS_MAX) throw decision.error;
      }
    },
  };
}
