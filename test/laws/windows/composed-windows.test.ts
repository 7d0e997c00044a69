import { calendar, count, definePipeline, running, session, sliding, sum, topic, tumbling } from '@bifold/core';
import {
  comparePositions,
  type FoldedRow,
  foldOf,
  interpret,
  isAssembledFromPanes,
  type LogRecord,
  type MergedRow,
  mergeWindows,
  type OpenSegment,
  paneRange,
  type RowParts,
  type RowPosition,
  rowId,
  SegmentFold,
  type Value,
  type WindowPlan,
  type WindowRange,
} from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';

/**
 * Windows as an answer shows them, put together from what is stored, against windows cut out of the
 * plain list of events.
 */

const SEGMENT_SIZE = 16;
const Visit = z.object({ at: z.int(), city: z.string(), fare: z.int() });
const fold = foldOf(
  definePipeline({
    name: 'visits',
    from: topic('visits', {
      schema: Visit,
      schemaVersion: 1,
      partitionBy: 'city',
      eventTime: { field: 'at', unit: 'ms' },
    }),
    groupBy: ['city'],
    windows: {
      tens: tumbling('10ms'),
      often: sliding('10ms', '4ms'),
      seldom: sliding('4ms', '10ms', { offset: '3ms' }),
      // Midnight of 1970 is in the middle of the visits.
      days: calendar('day'),
      visits: session('5ms'),
      ever: running(),
    },
    aggregates: { n: count(), fares: sum('fare') },
  }),
);
const COLUMNS = fold.pipeline.plan.columns.map(({ name }) => name);

interface Visit {
  readonly at: number;
  readonly city: string;
  readonly fare: number;
}
const visit: fc.Arbitrary<Visit> = fc.record({
  at: fc.integer({ min: -40, max: 40 }),
  city: fc.constantFrom('oslo', 'rome'),
  fare: fc.integer({ min: 0, max: 9 }),
});
const visits = fc.array(visit, { maxLength: 40, size: 'max' });

/**
 * The stored panes of a window, if the batch layer has the segments below the cut. They are in the
 * tables' order, as a reader of the range gets them.
 */
async function* panesOf(
  log: readonly Visit[],
  cut: number,
  window: WindowPlan,
  range: WindowRange,
): AsyncGenerator<RowParts> {
  const algebra = fold.rows.of(window.name);
  const panes = new Map<
    string,
    { position: RowPosition; batch: RowParts['batch']; fragments: RowParts['fragments'] }
  >();
  for (let segment = 0; segment * SEGMENT_SIZE < log.length; segment++) {
    const start = segment * SEGMENT_SIZE;
    const open: OpenSegment = { partition: 0, segment, start, next: Math.min(start + SEGMENT_SIZE, log.length) };
    const folding = new SegmentFold(fold, 0, segment, []);
    log.slice(start, open.next).forEach((each, index) => {
      const values = COLUMNS.map((name): Value => each[name as keyof Visit]);
      folding.addEvents(
        start + index,
        each.at,
        fold.enrich(values, () => null),
      );
    });
    for (const row of folding.takeTouched().filter((each) => each.window === window.name)) {
      const { key, startMs } = row;
      const position = { key, window: window.name, startMs };
      const id = JSON.stringify(position);
      const known = panes.get(id) ?? { position, batch: null, fragments: [] };
      if (segment >= cut) panes.set(id, { ...known, fragments: [...known.fragments, [open, row]] });
      else {
        const before = known.batch === null ? algebra.empty : algebra.decode(known.batch.cell);
        const states = algebra.merge(before, algebra.decodeFragment(row.cell).states);
        panes.set(id, { ...known, batch: { ...position, cell: algebra.encode(states) } });
      }
    }
  }
  const { fromMs, toMs } = paneRange(window, range);
  const asked = [...panes.values()].filter(
    ({ position: { startMs } }) => (fromMs === null || startMs >= fromMs) && (toMs === null || startMs < toMs),
  );
  asked.sort((one, other) => comparePositions(one.position, other.position));
  for (const { position, batch, fragments } of asked) yield { ...position, batch, fragments };
}

interface Shown {
  readonly city: string;
  readonly startMs: number;
  readonly endMs: number | null;
  readonly n: number;
  readonly fares: number;
}

/** The windows of one key's events, as a person with a ruler would cut them. */
function cutWindows(
  window: WindowPlan,
  events: readonly Visit[],
): { startMs: number; endMs: number | null; in: Visit[] }[] {
  if (window.kind === 'running') return [{ startMs: 0, endMs: null, in: [...events] }];
  if (window.kind === 'session') {
    const sorted = events.toSorted((one, other) => one.at - other.at);
    const sessions: { startMs: number; endMs: number; in: Visit[] }[] = [];
    for (const each of sorted) {
      const last = sessions.at(-1);
      if (last !== undefined && each.at <= last.endMs) {
        last.in.push(each);
        last.endMs = each.at + window.gapMs;
      } else sessions.push({ startMs: each.at, endMs: each.at + window.gapMs, in: [each] });
    }
    return sessions;
  }
  const { sizeMs, offsetMs = 0 } = window.kind === 'calendar' ? { sizeMs: 86_400_000 } : window;
  const everyMs = window.kind === 'sliding' ? window.slideMs : sizeMs;
  const all = [];
  for (let startMs = offsetMs - 20 * everyMs; startMs < 20 * everyMs; startMs += everyMs) {
    const endMs = startMs + sizeMs;
    all.push({ startMs, endMs, in: events.filter(({ at }) => at >= startMs && at < endMs) });
  }
  return all.filter((each) => each.in.length > 0);
}

function plain(window: WindowPlan, log: readonly Visit[], { fromMs, toMs, total }: WindowRange): Shown[] {
  return ['oslo', 'rome'].flatMap((city) => {
    const own = log.filter((each) => each.city === city);
    const isWanted = ({ startMs }: { startMs: number }): boolean =>
      (fromMs === null || startMs >= fromMs) && (toMs === null || startMs < toMs);
    const windows = cutWindows(window, own).filter((each) => window.kind === 'running' || isWanted(each));
    const shown = (each: { startMs: number; endMs: number | null; in: readonly Visit[] }): Shown => ({
      city,
      startMs: each.startMs,
      endMs: each.endMs,
      n: each.in.length,
      fares: each.in.reduce((sumOfFares, { fare }) => sumOfFares + fare, 0),
    });
    if (own.length === 0) return [];
    if (!total) return windows.map(shown);
    // Each event once, however many windows hold it.
    const events = own.filter((each) => windows.some((one) => one.in.includes(each)));
    return events.length === 0 ? [] : [shown({ startMs: 0, endMs: null, in: events })];
  });
}

async function answered(
  window: WindowPlan,
  log: readonly Visit[],
  cut: number,
  range: WindowRange,
  after: RowPosition | null = null,
): Promise<MergedRow[]> {
  const rows: MergedRow[] = [];
  for await (const row of mergeWindows(fold.rows, window, range, panesOf(log, cut, window, range), after)) {
    expect(row).toMatchObject({ window: window.name, ahead: [], behind: [] });
    const halves = [row.batch, row.speed].filter((half) => half !== null);
    const { view } = fold.rows;
    expect(view.present(halves.reduce(view.merge, view.empty))).toEqual(view.present(row.states));
    rows.push(row);
  }
  return rows;
}

const shownOf = ({ key, startMs, endMs, states }: MergedRow | FoldedRow, total: boolean): Shown => ({
  city: (JSON.parse(key) as [string])[0],
  // The position of a total is not a time.
  startMs: total ? 0 : startMs,
  endMs,
  ...(fold.rows.view.present(states) as { n: number; fares: number }),
});

describe.each(fold.pipeline.plan.windows.map((window) => [window.name, window] as const))('%s', (_, window) => {
  const cuts = fc.nat({ max: 3 });
  // Include ranges in which no window begins.
  const bound = fc.option(fc.integer({ min: -45, max: 45 }));
  const ranges = fc
    .tuple(bound, bound)
    .map(([one, other]) => {
      const [fromMs, toMs] = one !== null && other !== null && one > other ? [other, one] : [one, other];
      return window.kind === 'running' ? { fromMs: null, toMs: null } : { fromMs, toMs };
    })
    .filter(({ fromMs, toMs }) => fromMs === null || fromMs !== toMs);

  it('are those of the plain events, whatever the batch layer has of them', async () => {
    await fc.assert(
      fc.asyncProperty(visits, cuts, ranges, async (log, cut, bounds) => {
        const range = { ...bounds, total: false };
        const rows = await answered(window, log, cut, range);
        expect(rows.map((row) => shownOf(row, false))).toEqual(plain(window, log, range));
      }),
    );
  });

  it('give a total in which every event counts once', async () => {
    await fc.assert(
      fc.asyncProperty(visits, cuts, ranges, async (log, cut, bounds) => {
        const range = { ...bounds, total: true };
        const rows = await answered(window, log, cut, range);
        const counted = rows.map((row) => shownOf(row, true)).filter(({ n }) => n > 0);
        expect(counted).toEqual(plain(window, log, range));
      }),
    );
  });

  it('are those of the memory interpreter, one by one and in total', async () => {
    await fc.assert(
      fc.asyncProperty(visits, ranges, fc.boolean(), async (log, bounds, total) => {
        const range = { ...bounds, total };
        const records = log.map((each, offset): LogRecord => {
          const value = Buffer.from(JSON.stringify(each));
          return { partition: 0, offset, timestampMs: 0, key: null, value, headers: [] };
        });
        const asked = total ? { window: window.name, ...bounds } : null;
        const { rows } = await interpret(
          fold.pipeline,
          records,
          { 0: [[0, log.length]] },
          () => () => null,
          null,
          asked,
        );
        const folded = [...rows.values()].filter(
          ({ window: name, startMs }) =>
            name === window.name &&
            (total ||
              ((bounds.fromMs === null || startMs >= bounds.fromMs) &&
                (bounds.toMs === null || startMs < bounds.toMs))),
        );
        folded.sort(comparePositions);
        expect(folded.map((row) => shownOf(row, total))).toEqual(plain(window, log, range));
        expect([...rows]).toEqual(
          Array.from(rows.values(), (row) => [total ? row.key : rowId(row.window, row.startMs, row.key), row]),
        );
        // Some rows alone are what they are among all.
        if (total) return;
        const some = new Set([...rows.keys()].filter((_, index) => index % 2 === 0));
        const only = await interpret(fold.pipeline, records, { 0: [[0, log.length]] }, () => () => null, some);
        expect(new Map(only.rows)).toEqual(new Map([...rows].filter(([id]) => some.has(id))));
      }),
    );
  });

  it('go on after any row', async () => {
    await fc.assert(
      fc.asyncProperty(visits, cuts, fc.nat(), async (log, cut, place) => {
        const range = { fromMs: null, toMs: null, total: false };
        const rows = await answered(window, log, cut, range);
        const after = rows[place % (rows.length + 1)];
        // Windows that equal their panes need no assembly, so nothing is excluded here.
        if (after === undefined || !isAssembledFromPanes(window)) return;
        const rest = (await answered(window, log, cut, range, after)).filter(({ key }) => key >= after.key);
        expect(rest).toEqual(rows.slice(rows.indexOf(after) + 1));
      }),
    );
  });
});

describe('a range in which no window begins', () => {
  it.each([true, false])(
    'has no rows, though windows that began before it reach into it (total: %s)',
    async (total) => {
      const window = fold.pipeline.plan.windows.find(({ name }) => name === 'often') as WindowPlan;
      const log: Visit[] = [-2, 1, 2, 5].map((at) => ({ at, city: 'rome', fare: 1 }));
      expect(await answered(window, log, 0, { fromMs: 1, toMs: 3, total })).toEqual([]);
    },
  );
});

describe('sessions of a key that is ahead of its receipt', () => {
  /** The first segment holds visits from 0 to 3; the second one at 2, and others from 31 on. */
  const visitsAt = (timeOf: (offset: number) => number, segments: number): readonly Visit[] =>
    Array.from({ length: segments * SEGMENT_SIZE }, (_, offset) => ({
      at: offset < SEGMENT_SIZE ? offset % 4 : timeOf(offset),
      city: 'rome',
      fare: 1,
    }));
  const far = visitsAt((offset) => (offset === 16 ? 2 : 31 + (offset % 2)), 2);

  /** Every segment but the first is ahead. */
  async function sessionsOf(range: WindowRange, log = far): Promise<readonly object[]> {
    const window = fold.pipeline.plan.windows.find(({ name }) => name === 'visits') as WindowPlan;
    const panes: RowParts[] = [];
    for await (const pane of panesOf(log, 0, window, range))
      panes.push({
        ...pane,
        // It vouches for one offset less than its rows hold.
        fragments: pane.fragments.map(([segment, row]) =>
          segment.segment > 0 ? [{ ...segment, next: segment.next - 1 }, row] : [segment, row],
        ),
      });
    const shared = new Map(panes.flatMap(({ fragments }) => fragments.map(([open]) => [open.segment, open] as const)));
    const given = panes.map((pane) => ({
      ...pane,
      // Fragments arrive in any order.
      fragments: pane.fragments.map(([open, row]) => [shared.get(open.segment) as OpenSegment, row] as const).reverse(),
    }));
    const rows: MergedRow[] = [];
    async function* reading(): AsyncGenerator<RowParts> {
      yield* given;
    }
    for await (const row of mergeWindows(fold.rows, window, range, reading(), null)) {
      expect(row.ahead).toEqual([]);
      rows.push(row);
    }
    return rows.map((row) => ({ ...shownOf(row, range.total), behind: row.behind }));
  }
  const behind = [{ partition: 0, range: [16, 31] }];
  const nothing = { city: 'rome', startMs: 30, endMs: null, n: 0, fares: 0, behind };

  it('leave out the segment, and say so; what lies in it alone stands as a row that holds nothing', async () => {
    expect(await sessionsOf({ fromMs: null, toMs: null, total: false })).toEqual([
      { city: 'rome', startMs: 0, endMs: 8, n: 16, fares: 16, behind },
      nothing,
    ]);
  });

  const all = { fromMs: null, toMs: null, total: false };
  it.each([
    { at: 8, apart: false },
    { at: 9, apart: true },
    { at: -5, apart: false },
    { at: -6, apart: true },
    { at: 3, apart: false },
  ])('show what lies at $at apart from the session of 0 to 3: $apart', async ({ at, apart }) => {
    const session = { city: 'rome', startMs: 0, endMs: 8, n: 16, fares: 16, behind };
    const hidden = { ...nothing, startMs: Math.floor(at / 5) * 5 };
    const expected = !apart ? [session] : at < 0 ? [hidden, session] : [session, hidden];
    expect(
      await sessionsOf(
        all,
        visitsAt(() => at, 2),
      ),
    ).toEqual(expected);
  });

  it('name all that they are behind in the order of offsets', async () => {
    const [row] = (await sessionsOf(
      all,
      visitsAt(() => 2, 3),
    )) as readonly MergedRow[];
    expect(row?.behind).toEqual([
      { partition: 0, range: [16, 31] },
      { partition: 0, range: [32, 47] },
    ]);
  });

  it('say so in a range too in which one of them may begin, wherever its pane does, and in no other', async () => {
    expect(await sessionsOf({ fromMs: 31, toMs: 32, total: false })).toEqual([{ ...nothing, startMs: 31 }]);
    expect(await sessionsOf({ fromMs: 31, toMs: null, total: false })).toEqual([{ ...nothing, startMs: 31 }]);
    expect(await sessionsOf({ fromMs: 27, toMs: 32, total: false })).toEqual([nothing]);
    expect(await sessionsOf({ fromMs: 8, toMs: 30, total: false })).toEqual([]);
    expect(await sessionsOf({ fromMs: 35, toMs: null, total: false })).toEqual([]);
  });
});
