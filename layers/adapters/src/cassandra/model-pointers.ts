import { canonicalJson } from '@bifold/core/engine';
import { NOTHING_PROMOTED, readPointerState } from '@bifold/models/engine';
import type { ModelPointers } from '../model/registry.ts';
import type { CassandraClient } from './client.ts';
import { generationRow } from './generation-row.ts';

/** Pointers are read at LOCAL_SERIAL, so that a promotion sees the previous one. */
export function modelPointers(client: CassandraClient): ModelPointers {
  const rowOf = (name: string) => generationRow(client, 'modelPointers', [name]);
  return {
    async read(name) {
      const stored = await rowOf(name).read('serial');
      return stored === null ? NOTHING_PROMOTED : readPointerState(name, stored.generation, stored.state);
    },

    move(name, expected, { generation, ...versions }) {
      return rowOf(name).move(expected.generation, { generation, state: canonicalJson(versions) });
    },
  };
}
