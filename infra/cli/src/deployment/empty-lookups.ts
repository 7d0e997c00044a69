import type { Pipeline } from '@bifold/core';
import type { Context } from '../context.ts';
import { warn } from '../output/terminal.ts';

/** The lookup tables of a pipeline that have no version yet. Records wait until one is loaded. */
export async function emptyLookups(context: Context, { plan }: Pipeline): Promise<readonly string[]> {
  if (plan.lookups.length === 0) return [];
  const store = (await context.database()).lookups;
  const empty: string[] = [];
  for (const { table } of plan.lookups) {
    if ((await store.currentVersion(table)) === null) empty.push(table);
  }
  return empty;
}

export async function warnOfEmptyLookups(context: Context, pipeline: Pipeline): Promise<void> {
  for (const table of await emptyLookups(context, pipeline)) {
    warn(
      `lookup table "${table}" is EMPTY: every record of "${pipeline.plan.name}" waits until it is loaded.\n` +
        `  npx bifold lookup load ${table} --file <csv or json lines>`,
    );
  }
}
