import { foldOf, slotIndex, type Value, withModels } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { delaysExpected } from './delays-expected.ts';

describe('delays-expected', () => {
  const { plan } = delaysExpected;
  const fold = foldOf(delaysExpected);
  const index = slotIndex(plan);
  const shown = (expected: (hour: Value) => number | null) => {
    const { view } = fold.rows;
    const states = [...view.empty];
    const departures = [
      { at: Date.parse('2013-01-01T06:30:00Z'), dep_time: 640, dep_delay: 10 },
      { at: Date.parse('2013-01-01T18:00:00Z'), dep_time: 1801, dep_delay: 1 },
      { at: Date.parse('2013-01-01T18:00:00Z'), dep_time: null, dep_delay: null },
    ];
    departures.forEach((departure, offset) => {
      const record: Record<string, Value> = { ...departure, carrier: 'UA', origin: 'EWR', dest: 'IAH' };
      const score = (slots: readonly Value[]) => [expected(slots[index.get('hour') as number] as Value)];
      const columns = plan.columns.map(({ name }) => record[name] ?? null);
      const [slots] = fold.enrich(
        columns,
        withModels(() => null, [{ score }]),
      );
      if (slots) fold.addTo(states, slots, { timeMs: departure.at, partition: 0, offset });
    });
    return view.present(states);
  };

  it('expects nothing while there is no version, and counts all else', () => {
    expect(shown(() => null)).toEqual({ flights: 3, meanDelay: 5.5, expectedDelay: null, meanLater: null });
  });

  it('holds what was expected of each flight against what came', () => {
    expect(shown((hour) => (hour === 6 ? 4 : 2))).toEqual({
      flights: 3,
      meanDelay: 5.5,
      expectedDelay: 8 / 3,
      meanLater: 2.5,
    });
  });
});
