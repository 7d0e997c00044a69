/**
 * Rows that a sink can never take are set aside, and the stream goes on: on a real Kafka and
 * Cassandra.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { streamsWhileTesting } from './streams.fixture.ts';

const streams = streamsWhileTesting('poison-rows');

interface SetAside {
  readonly where: string;
  readonly reason: string;
  readonly detail: string;
}

/** Runs a stream of these rows into a sink. Returns its standard error, and the quarantine. */
async function run(name: string, rows: readonly object[], sink: string) {
  const { bifold, folder } = streams();
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const input = join(folder, name);
  writeFileSync(join(folder, `${name}.ts`), definition(name, input, sink));
  mkdirSync(input, { recursive: true });
  writeFileSync(join(input, 'rows.json'), lines);
  const { status, stderr } = await bifold.run('run', join(folder, `${name}.ts`));
  const { quarantined } = await bifold.json<{ readonly quarantined: readonly SetAside[] }>('checkpoint', 'show', name);
  return { status, stderr, quarantined };
}

const definition = (
  name: string,
  input: string,
  sink: string,
): string => `import { availableNow, cassandra, defineStream, files, kafka } from '@bifold/streams';
import * as z from 'zod';
const schema = z.object({ k: z.string().nullable(), n: z.number(), id: z.string() });
export default defineStream({
  name: '${name}',
  from: files({ path: '${input}', format: 'json', schema }),
  trigger: availableNow(),
  sinks: [${sink}],
});
`;

const ID = '2020e8e6-4ba5-4bd9-a8c9-1d4b5d3a7a21';

describe('a poison row', () => {
  it('for a topic is one over its limit', async () => {
    const { bifold, recordsIn } = streams();
    await bifold.done('topic', 'create', 'narrow', '--partitions', '1', '--config', 'max.message.bytes=1000');
    const rows = Array.from({ length: 6 }, (_, n) => ({ k: `k${n}`, n, id: 'x'.repeat(n === 2 ? 1_000 : 300) }));
    const { status, stderr, quarantined } = await run('narrow', rows, "kafka({ topic: 'narrow', key: 'k' })");
    expect([status, stderr]).toEqual([0, expect.stringContaining('1 quarantined')]);
    expect((await recordsIn('narrow')).map(({ value }) => value.n)).toEqual([0, 1, 3, 4, 5]);
    expect(quarantined).toMatchObject([
      { where: 'rows.json:3', reason: 'bad-message', detail: expect.stringMatching(/takes 1000 at most/) },
    ]);
  });

  it('for a table is one with a key or value that Cassandra refuses', async () => {
    const { cassandra } = streams();
    await cassandra.execute('CREATE TABLE bifold.typed (k text, id uuid, n int, PRIMARY KEY (k))');
    const rows = [
      { k: 'good', n: 1, id: ID },
      { k: 'no uuid', n: 2, id: 'does not exist' },
      { k: 'x'.repeat(70_000), n: 3, id: ID },
      { k: '', n: 4, id: ID },
      { k: null, n: 5, id: ID },
      { k: 'out of range', n: 3_000_000_000, id: ID },
      { k: 'nul \u0000', n: 6, id: ID },
      { k: 'fraction', n: 1.5, id: ID },
    ];
    const { status, stderr, quarantined } = await run('typed', rows, "cassandra({ table: 'bifold.typed' })");
    expect([status, stderr]).toEqual([0, expect.stringContaining('6 quarantined')]);
    const { rows: written } = await cassandra.execute('SELECT k, n FROM bifold.typed');
    expect(written.map(({ k }) => k).toSorted()).toEqual(['good', 'nul \u0000']);
    expect(quarantined.map(({ where, reason }) => [where, reason])).toEqual([
      ['rows.json:2', 'bad-value'],
      ['rows.json:3', 'bad-value'],
      ['rows.json:4', 'bad-value'],
      ['rows.json:5', 'bad-key'],
      ['rows.json:6', 'bad-value'],
      ['rows.json:8', 'bad-value'],
    ]);
  });
});
