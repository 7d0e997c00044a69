import type { Pipeline } from '@bifold/core';
import { foldOf, interpret, type ResolveLookup } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { delays, legsOnce } from './index.ts';

/** The rows of one window after a plain fold over some records, in the order of their start. */
async function fold(pipeline: Pipeline, window: string, records: readonly object[], resolve: ResolveLookup) {
  const log = records.map((record, offset) => ({
    partition: 0,
    offset,
    timestampMs: Date.parse('2026-01-01T00:00:00Z'),
    key: null,
    value: Buffer.from(JSON.stringify(record)),
    headers: [],
  }));
  const { rows } = await interpret(pipeline, log, { 0: [[0, log.length]] }, () => resolve);
  const { view } = foldOf(pipeline).rows;
  return [...rows.values()]
    .filter((row) => row.window === window)
    .toSorted((left, right) => left.startMs - right.startMs)
    .map((row) => view.present(row.states));
}

const nothing: ResolveLookup = () => null;

describe('delays', () => {
  const departure = {
    at: '2013-01-01T10:15:00Z',
    carrier: 'UA',
    flight: 1545,
    tailnum: 'N14228',
    origin: 'EWR',
    dest: 'IAH',
    dep_time: 517,
    dep_delay: 2,
  };
  const cancelled = { ...departure, dep_time: null, dep_delay: null, tailnum: null };
  const plane = { tailnum: 'N14228', seats: 149, manufacturer: 'BOEING' };
  const rows: ResolveLookup = (lookup, key) =>
    delays.plan.lookups[lookup]?.table === 'planes' && key.includes('N14228') ? plane : null;

  it('counts a cancelled flight, which has no delay and no seats', async () => {
    const [hour] = await fold(delays, 'hourly', [departure, { ...departure, dep_delay: 4 }, cancelled], rows);
    expect(hour).toMatchObject({ flights: 3, cancelled: 1, totalDelay: 6, meanDelay: 3, maxDelay: 4, seats: 298 });
  });

  it('separates flights by the hour of their scheduled departure', async () => {
    const later = { ...departure, at: '2013-01-01T11:00:00Z' };
    expect(await fold(delays, 'hourly', [later, departure], nothing)).toMatchObject([{ flights: 1 }, { flights: 1 }]);
    expect(await fold(delays, 'daily', [later, departure], nothing)).toMatchObject([{ flights: 2 }]);
  });
});

describe('legs-once', () => {
  const leg = { departed: 1_357_035_300, tailnum: 'N14228', hours: 3.8, miles: 1400, speed: 370 };

  it('counts a leg once, however often its message was sent', async () => {
    const another = { ...leg, departed: leg.departed + 86_400 };
    expect(await fold(legsOnce, 'ever', [leg, leg, another, leg], nothing)).toEqual([{ legs: 2, miles: 2800 }]);
  });

  it('drops a leg that is reported more than 60 days late', async () => {
    const muchLater = { ...leg, departed: leg.departed + 61 * 86_400 };
    const late = { ...leg, tailnum: 'N24211' };
    expect(await fold(legsOnce, 'ever', [muchLater, late], nothing)).toEqual([{ legs: 1, miles: 1400 }]);
  });
});
