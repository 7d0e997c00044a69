/**
 * A pipeline that runs as a stream.
 */
import { describe, expect, it } from '@jest/globals';
import { type Shown, streamsWhileTesting } from './streams.fixture.ts';

const streams = streamsWhileTesting('pipelines');

describe('a pipeline', () => {
  it('shows its aggregation from the topic, and goes on with it', async () => {
    const { shownBy, createTopic, send } = streams();
    await createTopic('departures', 2);
    const departure = (n: number) => ({
      at: new Date(Date.UTC(2013, 0, 1, n % 5)).toISOString(),
      carrier: n % 3 === 0 ? 'UA' : 'AA',
      flight: n,
      tailnum: null,
      origin: 'EWR',
      dest: 'SFO',
      dep_time: n % 4 === 0 ? null : 600,
      dep_delay: n,
    });
    const departures = Array.from({ length: 30 }, (_, n) => departure(n));
    await send('departures', departures);
    const args = ['delays', '--mode', 'complete', '--trigger', 'available-now'];
    const wanted = (all: typeof departures) =>
      [...Map.groupBy(all, ({ carrier }) => carrier)]
        .map(([carrier, own]) => ({
          window: 'daily',
          start: '2013-01-01T00:00:00.000Z',
          end: '2013-01-02T00:00:00.000Z',
          carrier,
          flights: own.length,
          cancelled: own.filter(({ dep_time }) => dep_time === null).length,
          totalDelay: own.reduce((sum, { dep_delay }) => sum + dep_delay, 0),
        }))
        .toSorted((left, right) => (left.carrier < right.carrier ? -1 : 1));
    const daily = (shown: readonly Shown[]) => shown.at(-1)?.rows.filter(({ window }) => window === 'daily');
    expect(daily(await shownBy(...args))).toMatchObject(wanted(departures));
    const more = Array.from({ length: 5 }, (_, n) => departure(100 + n));
    await send('departures', more);
    const [batch, ...others] = await shownBy(...args);
    expect(others).toEqual([]);
    expect(daily([batch as Shown])).toMatchObject(wanted([...departures, ...more]));
  });
});
