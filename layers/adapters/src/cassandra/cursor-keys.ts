import type { CursorKeys } from '@bifold/core/engine';
import { bufferOf, type CassandraClient } from './client.ts';
import { insertCql, selectCql } from './tables.ts';

const ATTEMPTS_MAX = 3;

/** Keys are written only with IF, and read at LOCAL_SERIAL, which completes an unfinished write. */
export function cursorKeys(client: CassandraClient): CursorKeys {
  const insert = insertCql(client, 'cursorKeys', 'IF NOT EXISTS');
  const select = selectCql(client, 'cursorKeys', ['key']);

  const read = async (period: number): Promise<Uint8Array | null> => {
    const [row] = await client.read({ cql: select, values: [BigInt(period)] }, { serial: true });
    return row === undefined ? null : (row.key as Uint8Array);
  };

  return {
    read,

    async create(period, key) {
      for (let attempt = 1; ; attempt++) {
        const decision = await client.executeConditional({ cql: insert, values: [BigInt(period), bufferOf(key)] });
        if (decision.kind === 'applied') return key;
        if (decision.kind === 'refused') return decision.row.key;
        const stored = await read(period);
        if (stored !== null) return stored;
        if (attempt === ATTEMPTS_MAX) throw decision.error;
      }
    },
  };
}
