import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DatabaseStores } from '@bifold/adapters';
import { memoryDatabase } from '@bifold/adapters/memory';
import { delays } from '@bifold/example-flights';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import { inspectPipeline } from './pipeline-report.ts';

const { plan } = delays;
const record: DeploymentRecord = {
  pipeline: plan.name,
  topic: plan.topic,
  version: plan.version,
  topicId: '00000000-0000-0000-0000-000000000001',
  apiId: 'api',
  archiveBucket: 'archive',
  functions: {},
  sources: 's',
  deployedAt: '2026-01-01T00:00:00Z',
};

/** An API of a pipeline with several windows: it refuses a query that names none. */
let api: Server;
const windowsAsked: unknown[] = [];

beforeAll(async () => {
  api = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { window } = JSON.parse(text);
    windowsAsked.push(window);
    const isKnown = plan.windows.some(({ name }) => name === window);
    response.statusCode = isKnown ? 200 : 400;
    response.end(
      JSON.stringify(
        isKnown
          ? { rows: [], cursor: null, receipt: { quarantined: { reasons: { 'not-json': 2 }, behind: [] } } }
          : { code: 'BIFOLD_UNKNOWN_WINDOW', failed: 'a query names a window that it does not have' },
      ),
    );
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  api.close();
});

it('reports a pipeline with several windows whose definition is gone', async () => {
  const memory = memoryDatabase();
  await memory.planStore().write(plan);
  const database: Partial<DatabaseStores> = {
    plans: memory.planStore(),
    aliases: (view) => memory.aliasStore(view),
    speed: (scope, storage) => memory.speedStore(scope, storage),
    batch: (scope, storage) => memory.batchStore(scope, storage),
  };
  const context = {
    addresses: { aws: { endpoint: `http://127.0.0.1:${(api.address() as AddressInfo).port}` } },
    database: async () => database,
  } as unknown as Context;
  const isUp = (name: string) => name === 'cassandra' || name === 'emulator';
  const report = await inspectPipeline({ context, record, plan: null, trigger: null, isUp });
  expect(plan.windows.length).toBeGreaterThan(1);
  expect(windowsAsked).toEqual([plan.windows[0]?.name]);
  expect(report.pipeline).toBe(plan.name);
  expect(report.quarantined).toEqual({ 'not-json': 2 });
  expect(report.warnings).toEqual([expect.stringContaining('its definition is gone')]);
  expect(report.unknown.join()).not.toMatch(/quarantine|window/);
});
