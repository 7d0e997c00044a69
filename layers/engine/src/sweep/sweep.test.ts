import { memoryBucket, memoryDatabase, memoryPublications } from '@bifold/adapters/memory';
import type { Pointer, PublishedRun } from '@bifold/core/engine';
import { pipelines } from '@bifold/pipelines';
import { expect, it } from '@jest/globals';
import { publishedView } from '../query/published.ts';
import { sweep } from './sweep.ts';

const [{ plan }] = pipelines as [(typeof pipelines)[number]];
const scope = { version: plan.version, topicId: 'topic' };
const nothing: Pointer = { generation: 0, current: null, previous: null };
const firstOf = (run: string): Pointer => {
  const current: PublishedRun = { run, runGeneration: 1, cuts: { 0: 1 }, lost: {}, publishedAtMs: 0 };
  return { generation: 1, current, previous: null };
};

/** A database with the pointer `published`, and with rows of a run that it does not name. */
async function opened(published: string) {
  const database = memoryDatabase();
  const publications = memoryPublications(memoryBucket(), scope);
  await publications.record(firstOf('recorded'));
  const batch = database.batchStore(scope, plan.storage);
  await batch.publish(nothing, firstOf(published));
  await batch.registerRun({ run: 'unnamed', generation: 1 });
  const deleted: string[] = [];
  const archive = { partitions: async () => [] };
  return {
    deleted,
    batch,
    sweep: () =>
      sweep({
        store: database.speedStore(scope, plan.storage),
        ledger: database.sweepLedger(scope),
        batch,
        published: publishedView(plan, { publications, archive, batch }),
        views: { put: async () => '', deleteRun: async (run) => void deleted.push(run) },
        hasTime: () => true,
      }),
  };
}

it('a run that the pointer does not name is swept', async () => {
  const view = await opened('recorded');
  expect(await view.sweep()).toMatchObject({ runs: ['unnamed'] });
  expect(view.deleted).toEqual(['unnamed']);
});

it('nothing is swept where a straggler published into an emptied database: a restore may be writing', async () => {
  const view = await opened('straggler');
  await expect(view.sweep()).rejects.toMatchObject({ code: 'BIFOLD_VIEW_LOST' });
  expect(view.deleted).toEqual([]);
  expect(await view.batch.listRuns()).toEqual([{ run: 'unnamed', generation: 1 }]);
});
