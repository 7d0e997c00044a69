import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bifold } from './bifold.ts';

/** Loads the lookup tables of `delays`, each with the one row that the tests' events name. */
export async function loadLookups(bifold: Bifold, seats: number): Promise<void> {
  for (const [table, row] of [
    ['airlines', { carrier: 'UA', name: 'United' }],
    ['planes', { tailnum: 'N1', seats, manufacturer: null }],
  ] as const) {
    const file = join(bifold.stateDir, `${table}.jsonl`);
    writeFileSync(file, `${JSON.stringify(row)}\n`);
    await bifold.done('lookup', 'load', table, '--file', file);
  }
}
