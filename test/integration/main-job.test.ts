import type { Flights } from '@bifold/cli';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, deleteCloud, type Ran } from './local/bifold.ts';
import { type Answer, numbered, overCsv, startFlights, type Verification } from './local/flights.ts';

/**
 * The job of `npm start` with all the flights of 2013. The oracle shares no fold, decoder or window
 * code: DuckDB over the CSV.
 */

const FLIGHTS = 336_776;

let bifold: Bifold;
let started: Ran;
let flights: Flights;

beforeAll(async () => {
  ({ bifold, started, flights } = await startFlights('main-job'));
});

afterAll(() => deleteCloud(bifold));

describe('npm start', () => {
  it('ends well, with a generation published under way and every row proven', () => {
    expect(started.stderr).not.toMatch(/ at .*\.ts:\d+/);
    expect(started.stdout).toContain('verify: equal');
    expect(started.stdout).toContain('336,776');
  });

  it('verifies again, as JSON, over all records', async () => {
    const { equal, records, receipt } = await bifold.json<Verification>('verify', 'delays');
    expect({ equal, records, gaps: receipt.gaps }).toEqual({ equal: true, records: FLIGHTS, gaps: {} });
    // Both layers have their share: the merge was put to the test.
    expect(receipt.generation).toBeGreaterThan(0);
    expect(receipt.offsets.batch).toBeGreaterThan(0);
    expect(receipt.offsets.speed).toBeGreaterThan(0);
    // The end of each transaction takes an offset in each partition.
    const offsets = receipt.offsets.batch + receipt.offsets.speed;
    expect(offsets >= FLIGHTS && offsets < FLIGHTS * 1.01).toBe(true);
  });

  it.each([
    ['hourly', 3600],
    ['daily', 86_400],
  ])('answers with the rows that DuckDB finds in the CSV: %s', async (window, sizeSeconds) => {
    const expected = await overCsv(
      flights,
      `
      WITH departures AS (
        SELECT carrier, origin, f.tailnum AS tailnum, dep_time, CAST(dep_delay AS BIGINT) AS delay, CAST(p.seats AS BIGINT) AS seats,
               epoch(CAST(replace(replace(time_hour, 'T', ' '), 'Z', '') AS TIMESTAMP)) + 60 * CAST(f.minute AS BIGINT) AS scheduled
        FROM flights f LEFT JOIN planes p ON p.tailnum = f.tailnum)
      SELECT carrier, origin, CAST(scheduled - scheduled % ${sizeSeconds} AS BIGINT) AS start, count(*), count(*) - count(dep_time), sum(delay), avg(delay), max(delay), coalesce(sum(seats), 0)
      FROM departures GROUP BY ALL`,
    );
    const { rows } = await bifold.json<Answer>('query', 'delays', '--window', window, '--all');
    const answered = new Map(
      rows.map(({ key, window: { start }, values }) => [
        `${key.carrier} ${key.origin} ${Date.parse(start) / 1000}`,
        values,
      ]),
    );
    expect(answered.size).toBe(expected.length);
    const wrong = expected.filter(([carrier, origin, start, count, cancelled, total, mean, max, seats]) => {
      const values = answered.get(`${carrier} ${origin} ${start}`);
      return !(
        values &&
        values.flights === numbered(count) &&
        values.cancelled === numbered(cancelled) &&
        values.totalDelay === (numbered(total) ?? 0) &&
        values.meanDelay === numbered(mean) &&
        values.maxDelay === numbered(max) &&
        values.seats === numbered(seats) &&
        values.unlisted === 0
      );
    });
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  it('answers SQL over the archive and the batch views', async () => {
    const sql = async (query: string) => {
      const { status, stdout, stderr } = await bifold.run('sql', query, '--json');
      if (status !== 0) throw new Error(stderr);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
    };
    const one = ['--window', 'daily', '--key', '{"carrier":"UA","origin":"EWR"}', '--total'];
    const { receipt } = await bifold.json<Pick<Verification, 'receipt'>>('query', 'delays', ...one);
    const [views] = await sql('SELECT sum(flights) AS flights, min(window_start)::text AS first FROM delays.daily');
    // Records, not offsets: the end of each transaction takes one, too.
    const below = Object.entries(receipt.batchBelow)
      .map(([partition, end]) => `(_partition = ${partition} AND _offset < ${end})`)
      .join(' OR ');
    const [{ flights: recomputed }] = await sql(`SELECT count(*) AS flights FROM delays.archive WHERE ${below}`);
    expect(views).toEqual({ flights: recomputed, first: '2013-01-01 00:00:00' });
    const archived = await sql('SELECT carrier, count(*) AS flights FROM delays.archive GROUP BY ALL');
    const published = await overCsv(flights, 'SELECT carrier, count(*) FROM flights GROUP BY ALL');
    // Offsets that the last archive run had not seen yet are missing.
    expect(archived).toHaveLength(published.length);
    const flown = archived.reduce((sum, { flights: each }) => sum + each, 0);
    expect(flown).toBeGreaterThanOrEqual(recomputed);
    expect(flown).toBeLessThanOrEqual(FLIGHTS);
    expect((await bifold.run('sql')).stdout).toContain('delays.hourly');
  });

  it('knows what United did at Newark', async () => {
    const query = ['query', 'delays', '--window', 'daily', '--key', '{"carrier":"UA","origin":"EWR"}', '--total'];
    const { rows } = await bifold.json<Answer>(...query);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.values).toMatchObject({ flights: 46_087, totalDelay: 571_694 });
  });

  it('sends nothing twice when it is started again', async () => {
    const again = await bifold.run('start');
    expect(again.status).toBe(0);
    expect(again.stdout).toContain('verify: equal');
    const { records } = await bifold.json<Verification>('verify', 'delays');
    expect(records).toBe(FLIGHTS);
  });
});
