/**
 * A stream that is killed writes every row once.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../integration/local/bifold.ts';
import { linesOf, type Shown, streamsWhileTesting } from './streams.fixture.ts';

const streams = streamsWhileTesting('kills');
const RATE = join('examples', 'rate', 'src', 'rate.ts');

describe('a stream that is killed', () => {
  it('gives every row once to Kafka, files and Cassandra, whatever batch it was in', async () => {
    const { bifold, cassandra, folder, shownBy, follow, createTopic, send, recordsIn } = streams();
    const COPIED = 40;
    await createTopic('originals', 3);
    await createTopic('copies', 2);
    await send(
      'originals',
      Array.from({ length: COPIED }, (_, n) => ({ n, half: n / 2 })),
    );
    await cassandra.execute(
      `CREATE KEYSPACE IF NOT EXISTS copies WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    await cassandra.execute('CREATE TABLE copies.copies (n int PRIMARY KEY, half double)');
    const file = join(folder, 'copying.ts');
    writeFileSync(
      file,
      `import { availableNow, cassandra, console, defineStream, files, foreachBatch, kafka } from '@bifold/streams';
import * as z from 'zod';
const dieAt = Number(process.env.DIE_AT ?? -1);
export default defineStream({
  name: 'copying',
  from: kafka({ topic: 'originals', schema: z.object({ n: z.int(), half: z.number() }), startingOffsets: 'earliest', maxOffsetsPerTrigger: 7 }),
  trigger: availableNow(),
  sinks: [
    files({ path: ${JSON.stringify(join(folder, 'copies'))}, format: 'json' }),
    kafka({ topic: 'copies' }),
    cassandra({ table: 'copies.copies' }),
    foreachBatch((_, { batch }) => { if (batch === dieAt) process.kill(process.pid, 'SIGKILL'); }),
    console(),
  ],
});
`,
    );
    const batches: Shown[] = [];
    for (const dieAt of [0, 1, 3, 3]) {
      const run = follow({ DIE_AT: String(dieAt) }, file, '--json');
      expect(await run.ended).toEqual({ status: null, signal: 'SIGKILL' });
      batches.push(...linesOf(run.stdout()));
    }
    batches.push(...(await shownBy(file)));
    expect(batches.map(({ batch }) => batch)).toEqual([0, 1, 2, 3, 4, 5]);

    const numbers = Array.from({ length: COPIED }, (_, n) => n);
    const inOrder = (values: readonly unknown[]) =>
      values.map((value) => Number((value as { n: number }).n)).toSorted((left, right) => left - right);
    expect(inOrder(batches.flatMap(({ rows }) => rows))).toEqual(numbers);
    expect(inOrder((await recordsIn('copies')).map(({ value }) => value))).toEqual(numbers);
    const names = readdirSync(join(folder, 'copies')).filter((name) => name.endsWith('.json'));
    const lines = names.flatMap((name) =>
      readFileSync(join(folder, 'copies', name), 'utf8')
        .trim()
        .split('\n'),
    );
    expect(names).toHaveLength(6);
    expect(inOrder(lines.map((line) => JSON.parse(line)))).toEqual(numbers);
    expect(inOrder((await cassandra.execute('SELECT n FROM copies.copies')).rows)).toEqual(numbers);

    writeFileSync(file, readFileSync(file, 'utf8').replace("topic: 'copies'", "topic: 'others'"));
    const changed = await bifold.run('run', file);
    expect(changed.status).toBe(3);
    expect(changed.stderr).toMatch(/sinks\.1\.topic: "copies" -> "others"/);
  });

  it('joins two topics, and gives every pair and every row without a partner once', async () => {
    const { bifold, folder, follow, createTopic, send, recordsIn } = streams();
    await createTopic('orders', 2);
    await createTopic('payments', 2);
    await createTopic('settled', 1);
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
    const ORDERS = 30;
    await send(
      'orders',
      Array.from({ length: ORDERS }, (_, id) => ({ id, at: at(id) })),
    );
    // Every third order is never paid, every fifth twice.
    const paid = Array.from({ length: ORDERS }, (_, id) => id).filter((id) => id % 3 !== 0);
    const payments = [...paid, ...paid.filter((id) => id % 5 === 0)];
    await send(
      'payments',
      payments.map((order) => ({ order, at: at(order + 2) })),
    );
    // Time goes on for both, so that all of these are decided on.
    await send('orders', [{ id: 1000, at: at(200) }]);
    await send('payments', [{ order: 2000, at: at(200) }]);
    const file = join(folder, 'settling.ts');
    writeFileSync(
      file,
      `import { dropLate } from '@bifold/core';
import { availableNow, defineStream, foreachBatch, join, kafka } from '@bifold/streams';
import * as z from 'zod';
const dieAt = Number(process.env.DIE_AT ?? -1);
const at = z.iso.datetime();
const read = { startingOffsets: 'earliest', maxOffsetsPerTrigger: 10 };
export default defineStream({
  name: 'settling',
  from: join({
    left: { from: kafka({ topic: 'orders', schema: z.object({ id: z.int(), at }), ...read }), eventTime: 'at', dropLate: dropLate('1h') },
    right: { from: kafka({ topic: 'payments', schema: z.object({ order: z.int(), at }), ...read }), eventTime: 'at', dropLate: dropLate('1h') },
    as: 'paid',
    type: 'left', on: { id: 'order' }, within: { after: '10m' },
  }),
  trigger: availableNow(),
  sinks: [kafka({ topic: 'settled' }), foreachBatch((_, { batch }) => { if (batch === dieAt) process.kill(process.pid, 'SIGKILL'); })],
});
`,
    );
    for (const dieAt of [0, 2, 3]) {
      const run = follow({ DIE_AT: String(dieAt) }, file);
      expect(await run.ended).toEqual({ status: null, signal: 'SIGKILL' });
    }
    expect((await bifold.run('run', file)).status).toBe(0);
    const settled = (await recordsIn('settled')).map(({ value }) => value);
    const inOrder = (pairs: readonly (readonly unknown[])[]) => pairs.map((pair) => JSON.stringify(pair)).toSorted();
    const unpaid = Array.from({ length: ORDERS }, (_, id) => id).filter((id) => id % 3 === 0);
    expect(inOrder(settled.map(({ id, paid_order }) => [id, paid_order]))).toEqual(
      inOrder([...payments.map((id) => [id, id] as const), ...unpaid.map((id) => [id, null] as const)]),
    );
  });

  it('is alone with its checkpoint', async () => {
    const { bifold, follow } = streams();
    const first = follow({}, RATE, '--checkpoint', 'alone', '--json');
    await until(
      'a batch',
      async () => linesOf(first.stdout()).length,
      (batches) => batches > 0,
    );
    const second = await bifold.run('run', RATE, '--checkpoint', 'alone');
    expect([second.status, second.stderr]).toEqual([3, expect.stringMatching(/BIFOLD_CHECKPOINT_IN_USE/)]);
    expect((await bifold.run('checkpoint', 'reset', 'alone')).status).toBe(3);
    first.child.kill('SIGKILL');
    await first.ended;
    expect((await bifold.run('checkpoint', 'reset', 'alone')).status).toBe(0);
  });
});
