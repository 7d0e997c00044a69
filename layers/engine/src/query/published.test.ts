import { memoryBucket, memoryDatabase, memoryPublications } from '@bifold/adapters/memory';
import type { Pipeline } from '@bifold/core';
import { type Pointer, QUARANTINE_POSITION, restoredPointer, rowAlgebrasOf } from '@bifold/core/engine';
import { pipelines } from '@bifold/pipelines';
import { describe, expect, it } from '@jest/globals';
import { type RecomputePorts, recompute } from '../recompute/recompute.ts';
import { executeQuery } from './execute-query.ts';
import { parseQuery } from './parse-query.ts';
import { publishedView, steadyReads } from './published.ts';

const pipeline = pipelines.find(({ plan }) => plan.name === 'delays') as Pipeline;
const { plan } = pipeline;
const scope = { version: plan.version, topicId: 'topic' };
const run = { run: 'r', runGeneration: 1, cuts: { 0: 2 }, lost: {}, publishedAtMs: 0 };
const first: Pointer = { generation: 1, current: run, previous: null };
const second: Pointer = { generation: 2, current: { ...run, run: 's', runGeneration: 2 }, previous: run };

/** A view over a database that may be taken away, and an archive that stays. */
function opened(archived: readonly number[] = []) {
  let database = memoryDatabase();
  const publications = memoryPublications(memoryBucket(), scope);
  const archive = { partitions: async () => archived, chain: async () => [] };
  const batch = () => database.batchStore(scope, plan.storage);
  const portsOf = () => ({
    store: database.speedStore(scope, plan.storage),
    batch: batch(),
    bindings: database.bindingStore(scope),
    operatorState: database.operatorStateStore(scope),
  });
  // The process outlives the database.
  const published = publishedView(plan, {
    publications,
    archive,
    batch: { readPointer: (consistency) => batch().readPointer(consistency) },
  });
  return {
    publications,
    batch,
    answer: (process = published) =>
      executeQuery(plan, scope, parseQuery(plan, { window: 'daily' }), { ...portsOf(), published: process }),
    another: () => publishedView(plan, { publications, archive, batch: batch() }),
    async publish(expected: Pointer, next: Pointer) {
      const cell = rowAlgebrasOf(plan).quarantine.encode(rowAlgebrasOf(plan).quarantine.empty);
      const entry = { run: next.current?.run as string, generation: next.generation };
      await batch().writeRows(entry, [{ ...QUARANTINE_POSITION, cell }]);
      expect(await batch().publish(expected, next)).toBe(true);
    },
    empty() {
      database = memoryDatabase();
    },
    recompute: () => recompute(pipeline, { ...portsOf(), publications, archive } as unknown as RecomputePorts, false),
  };
}

const nothing: Pointer = { generation: 0, current: null, previous: null };
const lost = { code: 'BIFOLD_VIEW_LOST' };

describe('a database that was emptied', () => {
  it('gives no answer, to a process that saw the publication as to one that is new', async () => {
    const view = opened();
    await view.publish(nothing, first);
    await view.publications.record(first);
    expect((await view.answer()).receipt).toMatchObject({ generation: 1, run: 'r' });
    view.empty();
    await expect(view.answer()).rejects.toMatchObject(lost);
    await expect(view.answer(view.another())).rejects.toMatchObject(lost);
  });

  it('gives no answer from an older generation, however it came back', async () => {
    const view = opened();
    await view.publish(nothing, first);
    await view.publications.record(first);
    await view.publications.record(second);
    await expect(view.answer()).rejects.toMatchObject(lost);
  });

  it('is not published into as if it were new', async () => {
    const view = opened();
    await view.publications.record(first);
    await expect(view.recompute()).rejects.toMatchObject(lost);
  });

  it('says that a run is gone whose pointer is there', async () => {
    const view = opened();
    await view.batch().publish(nothing, first);
    await expect(view.answer()).rejects.toMatchObject(lost);
  });

  it('answers nothing where nothing was published, though records were archived', async () => {
    await expect(opened([0, 1]).answer()).rejects.toMatchObject({ code: 'BIFOLD_NOTHING_COVERED' });
    expect((await opened().answer()).rows).toEqual([]);
  });
});

describe('reads that go on for a while', () => {
  const readsOver = (pointers: readonly Pointer[]) => {
    const left = [...pointers];
    const batch = { readPointer: async () => left.shift() as Pointer };
    return steadyReads({ batch, published: { check: async () => undefined } });
  };

  it('may have one publication in between', async () => {
    await expect((await readsOver([first, second])).check()).resolves.toBeUndefined();
  });

  it('are of no use when the database was emptied and restored in between', async () => {
    const restored = restoredPointer(first, 'unused', 0);
    await expect((await readsOver([first, restored])).check()).rejects.toMatchObject({ code: 'BIFOLD_MOVED_ON' });
  });
});

describe('the record of a publication', () => {
  it('is made by the next run when the one that published died before it', async () => {
    const view = opened();
    await view.publish(nothing, first);
    expect(await view.publications.newest()).toBeNull();
    // The archive holds nothing below the cut: the run ends there, and has made the record before.
    await expect(view.recompute()).rejects.toMatchObject({ code: 'BIFOLD_ARCHIVE_SHORT' });
    expect(await view.publications.newest()).toEqual(first);
  });

  it('may come before a reader sees what it names: that is no loss', async () => {
    const view = opened();
    await view.publish(nothing, first);
    await view.publications.record(first);
    const process = view.another();
    await process.check(first);
    await view.publish(first, second);
    await view.publications.record(second);
    await expect(view.another().check(first)).resolves.toBeUndefined();
  });
});
