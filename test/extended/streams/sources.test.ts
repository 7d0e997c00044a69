/**
 * Streams read and write topics, and files of S3, on the local cloud.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBucket } from '@bifold/adapters/s3';
import type { CloudAddresses } from '@bifold/cloud';
import { describe, expect, it } from '@jest/globals';
import { streamsWhileTesting } from './streams.fixture.ts';

const streams = streamsWhileTesting('sources');

async function objectsBelow({ aws }: CloudAddresses, prefix: string): Promise<readonly string[]> {
  const { endpoint, region, accessKeyId, secretAccessKey } = aws;
  const bucket = openBucket('bifold-assets', { endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  try {
    return await bucket.list(prefix);
  } finally {
    bucket.close();
  }
}

describe('topics', () => {
  it('several, or those of a pattern, are one source; it begins where each of them is told to', async () => {
    const { folder, shownBy, createTopic, send, recordsIn } = streams();
    for (const topic of ['north', 'south', 'northwest']) await createTopic(topic, 1);
    // Records of one request have one time: the first two, and later the others.
    for (const topic of ['north', 'south', 'northwest'])
      for (const some of [
        [{ n: 0 }, { n: 1 }],
        [{ n: 2 }, { n: 3 }],
      ])
        await send(topic, some);
    const file = join(folder, 'several.ts');
    const read = async (from: string): Promise<readonly string[]> => {
      writeFileSync(
        file,
        `import { availableNow, console, defineStream, kafka, union } from '@bifold/streams';
export default defineStream({ name: 'several', from: ${from}, trigger: availableNow(), sinks: [console()] });
`,
      );
      const shown = await shownBy(file, '--no-checkpoint');
      return shown.flatMap(({ rows }) => rows.map((row) => `${row.topic}/${row.offset}`)).toSorted();
    };
    const rowsOf = (topic: string, first = 0) => [0, 1, 2, 3].slice(first).map((offset) => `${topic}/${offset}`);
    expect(await read(`kafka({ topic: ['north', 'south'], startingOffsets: 'earliest' })`)).toEqual([
      ...rowsOf('north'),
      ...rowsOf('south'),
    ]);
    expect(await read(`kafka({ pattern: /north.*/, startingOffsets: 'earliest' })`)).toEqual([
      ...rowsOf('north'),
      ...rowsOf('northwest'),
    ]);
    // A pattern is one of whole names, and a topic that no offset is given for begins where its log
    // does.
    expect(await read(`kafka({ pattern: /.orth/, startingOffsets: { north: { 0: 2 } } })`)).toEqual(rowsOf('north', 2));
    expect(
      await read(`kafka({ topic: ['north', 'south'], startingOffsets: { south: { 0: 3 } }, maxOffsetsPerTrigger: 2 })`),
    ).toEqual([...rowsOf('north'), ...rowsOf('south', 3)]);
    const later = (await recordsIn('south'))[2]?.timestamp as string;
    expect(
      await read(`kafka({ topic: 'south', startingOffsets: { timestamp: '${new Date(later).toISOString()}' } })`),
    ).toEqual(rowsOf('south', 2));
    expect(
      await read(
        `union([kafka({ topic: 'south', startingOffsets: 'earliest' }), kafka({ topic: 'north', startingOffsets: { north: { 0: 1 } } })])`,
      ),
    ).toEqual([...rowsOf('north', 1), ...rowsOf('south')]);
  });
});

describe('files of S3', () => {
  it('are a source and a sink, an input and an output', async () => {
    const { bifold, addresses, folder, shownBy } = streams();
    const place = 's3://bifold-assets/orders';
    const csv = join(folder, 'orders.csv');
    writeFileSync(csv, 'day,n\nmon,1\ntue,2\ntue,none\n');
    expect((await bifold.run('convert', csv, `${place}/in/orders.csv`)).status).toBe(0);
    // A path that only shares a prefix is outside the folder.
    expect((await bifold.run('convert', csv, `${place}/in-not/orders.csv`)).status).toBe(0);
    const file = join(folder, 'orders.ts');
    writeFileSync(
      file,
      `import { availableNow, console, defineStream, files } from '@bifold/streams';
import * as z from 'zod';
const schema = z.object({ day: z.string(), n: z.int() });
export default defineStream({
  name: 'orders',
  from: files({ path: '${place}/in', format: 'csv', schema }),
  trigger: availableNow(),
  sinks: [files({ path: '${place}/out', format: 'parquet', partitionBy: ['day'] }), console()],
});
`,
    );
    const [batch, ...others] = await shownBy(file);
    expect([batch?.rows, others]).toEqual([
      [
        { day: 'mon', n: 1 },
        { day: 'tue', n: 2 },
      ],
      [],
    ]);
    expect(await shownBy(file)).toEqual([]);
    const sent = await bifold.run(...`produce bought --create --partitions 1 --file ${place}/in/orders.csv`.split(' '));
    expect(sent).toMatchObject({ status: 0, stdout: expect.stringContaining('sent 3 records') });
    const names = (await objectsBelow(addresses, 'orders/out/')).map((key) =>
      key.replace(/[0-9a-f]{8}-00000000-\d+/, 'x'),
    );
    expect(names).toEqual([
      expect.stringMatching(/^orders\/out\/_bifold\/orders-/),
      'orders/out/day=mon/orders-x.parquet',
      'orders/out/day=tue/orders-x.parquet',
    ]);
  });

  it('sql: files here and on S3, folders of dates as a column', async () => {
    const { bifold, folder } = streams();
    const file = join(folder, 'cities.csv');
    writeFileSync(file, 'day,city\nmon,Rome\ntue,Paris\n');
    const query = `SELECT city, sum(n) AS n FROM 's3://bifold-assets/orders/out' JOIN '${file}' USING (day) GROUP BY ALL ORDER BY 1`;
    expect((await bifold.run('sql', query)).stdout).toBe('city   n\nParis  2\nRome   1\n');
    const pattern = `SELECT count(*) AS n FROM read_csv('s3://bifold-assets/orders/in/*.csv')`;
    expect((await bifold.run('sql', pattern, '--json')).stdout).toBe('{"n":3}\n');
    const missing = await bifold.run('sql', "SELECT * FROM 's3://bifold-assets/nowhere'");
    expect([missing.status, missing.stderr]).toEqual([2, expect.stringContaining('BIFOLD_NO_FILES')]);
  });
});
