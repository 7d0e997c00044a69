import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Flights } from '@bifold/cli';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, deleteCloud } from '../../integration/local/bifold.ts';
import { type Answer, numbered, overCsv, startFlights, type Verification } from '../../integration/local/flights.ts';

/**
 * After `npm start`: the commands of the README, and another pipeline beside the one that it runs.
 */

/** The second pipeline is sent the first months of the year: 2013-04-01 as seconds since 1970. */
const LEGS_BEFORE = 1_364_774_400;

let bifold: Bifold;
let flights: Flights;

beforeAll(async () => {
  ({ bifold, flights } = await startFlights('readme'));
});

afterAll(() => deleteCloud(bifold));

describe('another pipeline, of which nothing in the platform knows', () => {
  it('deploys and verifies: another topic, key, clock, window, and doubles with nulls', async () => {
    expect((await bifold.run('deploy', 'airframes')).status).toBe(0);
    const legs = readFileSync(flights.legsFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && JSON.parse(line).departed < LEGS_BEFORE);
    const file = join(bifold.stateDir, 'legs.jsonl');
    writeFileSync(file, `${legs.join('\n')}\n`);
    const sent = await bifold.run('produce', 'airframes', '--file', file);
    expect({ status: sent.status, stderr: sent.stderr }).toMatchObject({ status: 0 });
    await bifold.waitForLag('airframes', 0);
    await bifold.json('archive', 'airframes');
    await bifold.json('recompute', 'airframes');
    const { equal, records, receipt } = await bifold.json<Verification>('verify', 'airframes');
    expect({ equal, records, generation: receipt.generation }).toMatchObject({
      equal: true,
      records: legs.length,
      generation: 1,
    });
  });

  it('counts and extremes are those of the CSV, sums of doubles too, up to its rounding', async () => {
    const { rows } = await bifold.json<Answer>('query', 'airframes', '--total', '--all');
    const expected = await overCsv(
      flights,
      `
      WITH legs AS (SELECT tailnum, CAST(distance AS DOUBLE) AS miles, CAST(air_time AS DOUBLE) / 60 AS hours FROM flights
        WHERE epoch(CAST(replace(replace(time_hour, 'T', ' '), 'Z', '') AS TIMESTAMP)) + 60 * CAST(minute AS BIGINT) < ${LEGS_BEFORE})
      SELECT tailnum, count(*), fsum(miles), fsum(hours), min(miles / hours), max(miles / hours) FROM legs GROUP BY ALL`,
    );
    const answered = new Map(rows.map(({ key, values }) => [key.tailnum, values]));
    expect(answered.size).toBe(expected.length);
    const close = (left: number | null | undefined, right: number | null): boolean =>
      left !== undefined &&
      (left === null ? right === null : Math.abs(left - (right ?? 0)) <= 1e-9 * Math.max(1, Math.abs(left)));
    const wrong = expected.filter(([tailnum, count, miles, hours, slowest, fastest]) => {
      const values = answered.get(tailnum as string | null);
      return !(
        values &&
        values.legs === numbered(count) &&
        close(values.miles, numbered(miles)) &&
        close(values.hours, numbered(hours) ?? 0) &&
        values.slowest === numbered(slowest) &&
        values.fastest === numbered(fastest)
      );
    });
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});

describe('the README', () => {
  /** Commands of its shell blocks, less those that would end the cloud of this test. */
  const commands = readFileSync(join(import.meta.dirname, '..', '..', '..', 'README.md'), 'utf8')
    .split('```sh\n')
    .slice(1)
    .flatMap((block) => (block.split('```')[0] as string).split('\n'))
    .filter((line) => line.startsWith('npx bifold '))
    .map((line) => line.slice('npx bifold '.length).replace(/ +# .*/, ''));

  it('names commands', () => {
    expect(commands.length).toBeGreaterThan(5);
  });

  it.each(commands)('npx bifold %s', async (command) => {
    const words = Array.from(command.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');
    const { status, stderr } = await bifold.run(...words);
    expect({ status, stderr }).toMatchObject({ status: 0 });
  });
});
