import { memoryDatabase } from '@bifold/adapters/memory';
import { count, definePipeline, running, sum, topic } from '@bifold/core';
import type { Plan, Scope } from '@bifold/core/engine';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { announceVersion, switchToVersion } from './handover.ts';
import type { QueryPorts } from './ports.ts';
import { answerView, type ViewPorts } from './view.ts';

const fares = topic('fares', {
  schema: z.object({ at: z.int(), city: z.string(), fare: z.number() }),
  schemaVersion: 1,
  partitionBy: 'city',
  eventTime: { field: 'at', unit: 'ms' },
});
const storage = { segmentSize: 16, buckets: 1 };
const base = { name: 'fares', from: fares, groupBy: ['city'], windows: { ever: running() } } as const;
const before = definePipeline({ ...base, aggregates: { rides: count() }, storage }).plan;
const after = definePipeline({ ...base, aggregates: { rides: count(), paid: sum('fare') }, storage }).plan;
const larger = definePipeline({
  ...base,
  aggregates: { rides: count() },
  storage: { ...storage, segmentSize: 32 },
}).plan;
const topicId = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const none = { check: async () => undefined, checkNothingCovered: async () => undefined };

let database = memoryDatabase();
let ports: ViewPorts;

beforeEach(() => {
  database = memoryDatabase();
  ports = {
    aliases: database.aliasStore({ pipeline: 'fares', topicId }),
    plans: database.planStore(),
    portsOf,
  };
});

const portsOf = (plan: Plan, scope: Scope): QueryPorts => ({
  store: database.speedStore(scope, plan.storage),
  batch: database.batchStore(scope, plan.storage),
  bindings: database.bindingStore(scope),
  operatorState: database.operatorStateStore(scope),
  published: none,
});

/** The speed layer of a version has folded partition 0 up to `next`; no record made a row. */
async function fold(plan: Plan, next: number): Promise<void> {
  const { store } = portsOf(plan, { version: plan.version, topicId });
  await store.registerPartition(0);
  const { segmentSize } = plan.storage as { segmentSize: number };
  for (let segment = 0; segment * segmentSize < next; segment++)
    await store.writeProgress(0, segment, Math.min(next, (segment + 1) * segmentSize));
}

/** The part of an answer that names its source. */
async function ask(deployed: Plan, parameters: Readonly<Record<string, unknown>> = {}) {
  const { receipt } = await answerView(deployed, topicId, parameters, ports);
  return { version: receipt.version, coverage: receipt.coverage };
}

describe('a view that is asked by its name', () => {
  it('is answered by the version before until the deployed one covers as much', async () => {
    await fold(before, 20);
    expect(await ask(before)).toEqual({ version: before.version, coverage: { 0: [[0, 20]] } });

    await announceVersion(after, ports);
    expect(await ask(after)).toEqual({ version: before.version, coverage: { 0: [[0, 20]] } });
    await fold(after, 19);
    expect(await ask(after)).toEqual({ version: before.version, coverage: { 0: [[0, 20]] } });
    await fold(after, 20);
    expect(await ask(after)).toEqual({ version: after.version, coverage: { 0: [[0, 20]] } });
  });

  it('covers no more during a handover than it covered at its beginning: what writes late must not make it wait for ever', async () => {
    await fold(before, 20);
    await ask(before);
    await announceVersion(after, ports);
    await ask(after);
    await fold(before, 40);
    expect(await ask(after)).toEqual({ version: before.version, coverage: { 0: [[0, 20]] } });
    await fold(after, 21);
    expect(await ask(after)).toEqual({ version: after.version, coverage: { 0: [[0, 21]] } });
  });

  it('goes back to a version that is deployed again, as soon as that covers as much', async () => {
    await fold(before, 20);
    await ask(before);
    await announceVersion(after, ports);
    await fold(after, 30);
    expect(await ask(after)).toEqual({ version: after.version, coverage: { 0: [[0, 30]] } });
    await announceVersion(before, ports);
    expect((await ask(before)).version).toBe(after.version);
    await fold(before, 30);
    expect((await ask(before)).version).toBe(before.version);
  });

  it('is answered by a version at once when an operator says so, whatever it covers', async () => {
    await fold(before, 20);
    await ask(before);
    await announceVersion(after, ports);
    await fold(after, 3);
    expect((await ask(after)).version).toBe(before.version);
    await switchToVersion(after, ports);
    expect(await ask(after)).toEqual({ version: after.version, coverage: { 0: [[0, 3]] } });
  });

  it('ends a handover when the version that answers is deployed again', async () => {
    await fold(before, 20);
    await ask(before);
    await announceVersion(after, ports);
    await ask(after);
    await announceVersion(before, ports);
    await fold(before, 25);
    await fold(after, 25);
    expect(await ask(after)).toEqual({ version: before.version, coverage: { 0: [[0, 25]] } });
    expect(await ports.aliases.read()).toMatchObject({ next: null, sealed: null });
  });

  it('does not cover less as a snapshot either, where segments have become larger', async () => {
    await fold(before, 40);
    await ask(before);
    expect((await ask(before, { snapshot: true })).coverage).toEqual({ 0: [[0, 32]] });
    await announceVersion(larger, ports);
    await fold(larger, 31);
    expect((await ask(larger, { snapshot: true })).coverage).toEqual({ 0: [[0, 32]] });
    await fold(larger, 40);
    expect(await ask(larger, { snapshot: true })).toEqual({ version: larger.version, coverage: { 0: [[0, 32]] } });
  });

  it('is answered by a function of either version alike, with the version that the alias names', async () => {
    await fold(before, 20);
    await ask(before);
    await announceVersion(after, ports);
    await fold(after, 20);
    for (const deployed of [before, after, before]) expect((await ask(deployed)).version).toBe(after.version);
  });

  it('refuses to answer, and says why, when the plan of the version that answers is not there', async () => {
    await ask(before);
    await announceVersion(after, ports);
    const { read } = ports.plans;
    const without = {
      ...ports,
      plans: { ...ports.plans, read: async (version: string) => (version === before.version ? null : read(version)) },
    };
    await expect(answerView(after, topicId, {}, without)).rejects.toMatchObject({ code: 'BIFOLD_PLAN_MISSING' });
  });

  it('refuses a cursor of a version that answers no longer and did not answer before', async () => {
    await fold(before, 20);
    await ask(before);
    const cursor = Buffer.from(
      JSON.stringify({
        version: 'fares-000000000000',
        topicId,
        query: '0'.repeat(32),
        generation: 0,
        run: null,
        segments: [],
        quarantined: { reasons: {}, behind: [] },
        bucket: 0,
        after: null,
      }),
    ).toString('base64url');
    await expect(ask(before, { cursor })).rejects.toMatchObject({ code: 'BIFOLD_CURSOR_EXPIRED' });
  });
});
