/**
 * Joins and unions against their definition, written down over plain arrays: all pairs, late rows
 * dropped, rows without a partner once none can come any more.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as pathOf } from 'node:path';
import { count, dropLate, tumbling } from '@bifold/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import type { Journal } from '../engine.ts';
import { availableNow, console, defineStream, files, type JoinType, join, type Stream, union } from '../index.ts';
import { memoryJournal, shownBy, writeFiles } from '../stream.fixture.ts';

const Event = z.object({ at: z.int(), key: z.string().nullable(), v: z.int() });
type Event = z.infer<typeof Event>;
type Pair = readonly [left: Event | null, right: Event | null];

const [BEFORE_S, AFTER_S, LEFT_DELAY_S, RIGHT_DELAY_S] = [6, 3, 7, 4];
/**
 * A window over joined rows is over so much later: Spark's output watermark of a join is its
 * state's, less a millisecond.
 */
const HOLD_S = 6.001;

interface Held {
  readonly event: Event;
  hasPartner: boolean;
}

/** The rows of each batch, with its watermark. */
function oracle(
  batches: readonly (readonly [left: readonly Event[], right: readonly Event[]])[],
  type: JoinType,
): readonly { readonly pairs: readonly Pair[]; readonly watermark: number }[] {
  let held: [Held[], Held[]] = [[], []];
  const seen = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let [lateBelow, watermark] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const run = (arriving: readonly (readonly Event[])[]) => {
    const old = new Set(held.flat());
    const pairs: Pair[] = [];
    for (const [side, events] of arriving.entries())
      for (const event of events) if (event.at > lateBelow) held[side]?.push({ event, hasPartner: false });
    for (const left of held[0])
      for (const right of held[1]) {
        if (old.has(left) && old.has(right)) continue;
        const [l, r] = [left.event, right.event];
        if (l.key === null || l.key !== r.key || r.at < l.at - BEFORE_S || r.at > l.at + AFTER_S) continue;
        left.hasPartner = right.hasPartner = true;
        pairs.push([l, r]);
      }
    const [over, stay] = [[[], []] as [Held[], Held[]], [[], []] as [Held[], Held[]]];
    for (const row of held[0]) (row.event.at + AFTER_S < watermark ? over : stay)[0].push(row);
    for (const row of held[1]) (row.event.at + BEFORE_S < watermark ? over : stay)[1].push(row);
    held = stay;
    if (type === 'left' || type === 'full')
      for (const { event, hasPartner } of over[0]) if (!hasPartner) pairs.push([event, null]);
    if (type === 'right' || type === 'full')
      for (const { event, hasPartner } of over[1]) if (!hasPartner) pairs.push([null, event]);
    const given = { pairs, watermark };
    lateBelow = watermark;
    for (const [side, events] of arriving.entries())
      for (const { at } of events) seen[side] = Math.max(seen[side] as number, at);
    watermark = Math.max(watermark, Math.min((seen[0] as number) - LEFT_DELAY_S, (seen[1] as number) - RIGHT_DELAY_S));
    return given;
  };
  const given = batches.map(run);
  if (watermark > lateBelow) given.push(run([[], []]));
  return given;
}

let root: string;
let folders = 0;
beforeAll(() => {
  root = mkdtempSync(pathOf(tmpdir(), 'bifold-joins-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const event = fc.record({
  at: fc.integer({ min: 100, max: 140 }),
  key: fc.constantFrom('a', 'b', null),
  v: fc.integer({ min: 0, max: 9 }),
});
const someEvents = fc.array(event, { minLength: 1, maxLength: 5 });
const logs = fc.array(fc.tuple(someEvents, someEvents), { minLength: 1, maxLength: 8 });

/** Each batch takes a file of each side. */
function sidesOf(batches: readonly (readonly [readonly Event[], readonly Event[]])[]) {
  const folder = pathOf(root, String(folders++));
  const [left, right] = [0, 1].map((side) => {
    const path = pathOf(folder, String(side));
    writeFiles(
      path,
      batches.map((batch) => batch[side] as readonly Event[]),
    );
    return files({ path, format: 'json', schema: Event, maxFilesPerTrigger: 1 });
  }) as [ReturnType<typeof files<typeof Event>>, ReturnType<typeof files<typeof Event>>];
  const eventTime = { field: 'at', unit: 's' } as const;
  return {
    left: { from: left, eventTime, dropLate: dropLate(`${LEFT_DELAY_S}s`) },
    right: { from: right, eventTime, dropLate: dropLate(`${RIGHT_DELAY_S}s`) },
    as: 'r',
    on: { key: 'key' },
    within: { before: `${BEFORE_S}s`, after: `${AFTER_S}s` },
  } as const;
}

const text = (pairs: readonly Pair[]): readonly string[] => pairs.map((pair) => JSON.stringify(pair)).toSorted();

async function pairsOf(stream: Stream, journal: Journal = memoryJournal()): Promise<readonly (readonly Pair[])[]> {
  const event = ([at, key, v]: readonly unknown[]) => (at === null ? null : ({ at, key, v } as Event));
  return (await shownBy(stream, journal)).map(({ rows }) =>
    rows.map((row): Pair => [event(row.slice(0, 3)), event(row.slice(3, 6))]),
  );
}

describe('each batch gives what the join is defined as', () => {
  it.each(['inner', 'left', 'right', 'full'] as const)('%s', async (type) => {
    await fc.assert(
      fc.asyncProperty(logs, async (batches) => {
        const stream = defineStream({
          name: 'joins',
          from: join({ ...sidesOf(batches), type }),
          trigger: availableNow(),
          sinks: [console()],
        });
        expect((await pairsOf(stream)).map(text)).toEqual(oracle(batches, type).map(({ pairs }) => text(pairs)));
      }),
      { numRuns: 40 },
    );
  });

  it('rows leave the checkpoint with the watermark', async () => {
    const rows = Array.from({ length: 40 }, (_, index): Event => ({ at: 100 + index * 10, key: 'a', v: index }));
    const journal = memoryJournal();
    const from = join({ ...sidesOf(rows.map((row) => [[row], [row]])), type: 'full' });
    await pairsOf(defineStream({ name: 'joins', from, trigger: availableNow(), sinks: [console()] }), journal);
    const waiting = new Set<string>();
    for (const line of (await journal.read('state.jsonl')) as { put: [string, string][]; drop: string[] }[]) {
      for (const [key] of line.put) waiting.add(key);
      for (const key of line.drop) waiting.delete(key);
    }
    expect(waiting.size).toBeLessThanOrEqual(4);
  });
});

it('windows over joined rows hold every one of them: none is late, however long it was kept back', async () => {
  await fc.assert(
    fc.asyncProperty(logs, async (batches) => {
      const stream = defineStream({
        name: 'joined-windows',
        from: join({ ...sidesOf(batches), type: 'left' }),
        groupBy: ['key'],
        windows: { w: tumbling('10s') },
        aggregates: { n: count() },
        trigger: availableNow(),
        sinks: [console()],
      });
      const found = (await shownBy(stream)).flatMap(({ rows }) =>
        rows.map((row) => [Number(row[0]) / 1000, row[2], row[3]]),
      );
      const given = oracle(batches, 'left');
      const lastWatermark = (given.at(-1)?.watermark as number) - HOLD_S;
      const counted = new Map<string, number>();
      for (const [left] of given.flatMap(({ pairs }) => pairs)) {
        const { at, key } = left as Event;
        const start = at - (at % 10);
        if (start + 10 > lastWatermark) continue;
        const name = JSON.stringify([start, key]);
        counted.set(name, (counted.get(name) ?? 0) + 1);
      }
      const wanted = [...counted].map(([name, n]) => [...JSON.parse(name), n]);
      const inOrder = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted();
      expect(inOrder(found)).toEqual(inOrder(wanted));
    }),
    { numRuns: 40 },
  );
});

describe('a union', () => {
  it('is the rows of its sources, each with limits of its own, in the columns of the first', async () => {
    const Turned = z.object({ v: z.int(), key: z.string(), at: z.int().nullable() });
    const [one, two] = [pathOf(root, 'one'), pathOf(root, 'two')];
    writeFiles(one, [[{ at: 1, key: 'a', v: 1 }], [{ at: 2, key: null, v: 2 }]]);
    writeFiles(two, [
      [
        { at: 3, key: 'c', v: 3 },
        { at: 4, key: 5, v: 4 },
      ],
      [{ at: null, key: 'e', v: 5 }],
    ]);
    const stream = defineStream({
      name: 'unions',
      from: union<{ v: number; key: string | null; at: number | null }>([
        files({ path: one, format: 'json', schema: Event, maxFilesPerTrigger: 1 }),
        files({ path: two, format: 'json', schema: Turned }),
      ]),
      trigger: availableNow(),
      sinks: [console()],
    });
    expect((await shownBy(stream)).map(({ rows }) => rows)).toEqual([
      [
        [1, 'a', 1],
        [3, 'c', 3],
        [null, 'e', 5],
      ],
      [[2, null, 2]],
    ]);
    expect(stream.output.map(({ name, nullable }) => [name, nullable])).toEqual([
      ['at', true],
      ['key', true],
      ['v', false],
    ]);
  });

  it('may be a side of a join', async () => {
    const [one, two] = [pathOf(root, 'side-one'), pathOf(root, 'side-two')];
    writeFiles(one, [[{ at: 1, key: 'a', v: 1 }]]);
    writeFiles(two, [[{ at: 2, key: 'a', v: 2 }]]);
    const read = (path: string) => files({ path, format: 'json', schema: Event });
    const from = join({
      left: union([read(one), read(two)]),
      right: read(two),
      as: 'r',
      on: { key: 'key' },
    });
    const pairs = await pairsOf(defineStream({ name: 'sides', from, trigger: availableNow(), sinks: [console()] }));
    expect(pairs.map((batch) => batch.map(([left, right]) => [left?.v, right?.v]))).toEqual([
      [
        [1, 2],
        [2, 2],
      ],
    ]);
  });
});
