import {
  type Answer,
  answerOf,
  compareUtf8,
  fillPage,
  foldOf,
  interpret,
  keyText,
  quoted,
  replayAnswer,
  SegmentFold,
  type Value,
  type ViewQuery,
  viewSql,
  type WindowPlan,
} from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ArchiveTable } from '../sql/archive-table.ts';
import { byHand, named, noLookups, post, recordsOf, view } from './posts.ts';

/**
 * Records that yield several events: the fold of segments, the memory interpreter, DuckDB and old
 * answers, against plain lists.
 */

let archive: ArchiveTable;
beforeAll(async () => {
  archive = await ArchiveTable.open();
});
afterAll(() => archive.close());

describe('records that yield several events', () => {
  it('are folded as a plain list of them', async () => {
    await fc.assert(
      fc.asyncProperty(view, fc.array(post, { maxLength: 20 }), async (name, log) => {
        const { pipeline, of } = named(name);
        const { rows, records } = await interpret(pipeline, recordsOf(log), { 0: [[0, log.length]] }, noLookups);
        const { present } = foldOf(pipeline).rows.view;
        expect(records).toBe(log.length);
        expect(
          new Map(Array.from(rows.values(), (row) => [`${row.window} ${row.startMs} ${row.key}`, present(row.states)])),
        ).toEqual(byHand(log, of));
      }),
      { numRuns: 150 },
    );
  });

  it('are folded once into each row, however often and from wherever they are delivered', () => {
    const deliveries = fc.array(fc.tuple(fc.nat(15), fc.nat(16)), { maxLength: 5 });
    fc.assert(
      fc.property(view, fc.array(post, { minLength: 1, maxLength: 16 }), deliveries, (name, log, parts) => {
        const { pipeline, of } = named(name);
        const fold = foldOf(pipeline);
        const records = recordsOf(log);
        const deliver = (segment: SegmentFold, from: number, to: number): void => {
          for (const { offset, value } of records.slice(from, to)) {
            const decoded = fold.decode(value);
            if (decoded.kind !== 'event') throw new Error('every post is valid');
            segment.addEvents(
              offset,
              decoded.timeMs,
              fold.enrich(decoded.values, () => null),
            );
          }
        };
        const once = new SegmentFold(fold, 0, 0, []);
        deliver(once, 0, log.length);
        const expected = [...once.takeTouched()];
        const { view: algebra } = fold.rows;
        expect(
          new Map(
            expected.map(({ window, startMs, key, cell }) => [
              `${window} ${startMs} ${key}`,
              algebra.present(algebra.decodeFragment(cell).states),
            ]),
          ),
        ).toEqual(byHand(log, of));

        // A delivery begins at or below the progress, some rows of the next one may be stored
        // already, and states are decoded from their bytes.
        let complete = 0;
        let stored: (typeof expected)[number][] = [];
        for (const [from, to] of [...parts, [0, log.length] as const]) {
          const segment = new SegmentFold(fold, 0, 0, stored);
          deliver(segment, Math.min(from, complete), to);
          const written = new Map(
            [...stored, ...segment.takeTouched()].map((row) => [`${row.window} ${row.startMs} ${row.key}`, row]),
          );
          stored = [...written.values()];
          complete = Math.max(complete, Math.min(to, log.length));
        }
        const inOrder = (rows: typeof expected) =>
          rows
            .map(
              ({ window, startMs, key, lastOffset, cell }) =>
                `${window} ${startMs} ${key} ${lastOffset} ${Buffer.from(cell).toString('hex')}`,
            )
            .sort();
        expect(inOrder(stored)).toEqual(inOrder(expected));
      }),
      { numRuns: 200 },
    );
  });

  it('are to DuckDB what they are to the fold', async () => {
    await fc.assert(
      fc.asyncProperty(view, fc.array(post, { minLength: 1, maxLength: 20 }), async (name, log) => {
        const { pipeline, of } = named(name);
        const { plan } = pipeline;
        const fold = foldOf(pipeline);
        const decoded = recordsOf(log).map(({ value }) => {
          const event = fold.decode(value);
          if (event.kind !== 'event') throw new Error('every post is valid');
          return event;
        });
        await archive.fill(
          plan,
          decoded.map(({ timeMs, values }) => ({
            timeMs,
            values: Object.fromEntries(plan.columns.map((column, index) => [column.name, values[index] as Value])),
          })),
        );
        const found = await archive.query(plan, `SELECT _offset, ${quoted('item')}, ${quoted('seen')} FROM events`);
        const expected = decoded.flatMap(({ values }, offset) =>
          fold.enrich(values, () => null).map((slots) => [offset, ...slots.slice(-2)]),
        );
        const sorted = (rows: readonly (readonly (Value | undefined)[])[]) =>
          rows.map((row) => JSON.stringify(row)).sort(compareUtf8);
        expect(sorted(found)).toEqual(sorted(expected));
        expect(sorted(found)).toEqual(
          sorted(log.flatMap((each, offset) => of(each).map((item) => [offset, item, each.at + 1]))),
        );
        for (const window of plan.windows as readonly WindowPlan[]) {
          const counts = await archive.query(plan, `SELECT _start, item, n FROM (${viewSql(plan, window, 'events')})`);
          const plain = [...byHand(log, of)].filter(([id]) => id.startsWith(`${window.name} `));
          expect(
            new Map(counts.map(([start, item, n]) => [`${window.name} ${start} ${keyText([item as Value])}`, n])),
          ).toEqual(new Map(plain.map(([id, { n }]) => [id, n])));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('are in an old answer as in the first', async () => {
    await fc.assert(
      fc.asyncProperty(
        view,
        fc.array(post, { minLength: 1, maxLength: 20 }),
        fc.boolean(),
        async (name, log, total) => {
          const { pipeline } = named(name);
          const { plan } = pipeline;
          const algebra = foldOf(pipeline).rows.view;
          const query: ViewQuery = {
            window: 'tens',
            keys: null,
            fromMs: -10,
            toMs: 20,
            total,
            snapshot: false,
            parts: false,
            limit: 1000,
            cursor: null,
          };
          const coverage = { 0: [[0, log.length]] as const };
          const records = recordsOf(log);
          const { rows } = await interpret(
            pipeline,
            records,
            coverage,
            noLookups,
            null,
            total ? { window: 'tens', fromMs: -10, toMs: 20 } : null,
          );
          const merged = [...rows.values()]
            .filter(({ window, startMs }) => window === 'tens' && (total || (startMs >= -10 && startMs < 20)))
            .sort((left, right) => compareUtf8(left.key, right.key) || left.startMs - right.startMs)
            .map((row) => ({ ...row, batch: null, speed: row.states, ahead: [], behind: [] }));
          const readSnapshot = { generation: 0, run: null, coverage, batchBelow: {}, segments: [] };
          const filled = await fillPage(plan, algebra, readSnapshot, query, merged, () => true);
          const scope = { version: plan.version, topicId: 'i' };
          const answer: Answer = answerOf(
            plan,
            scope,
            readSnapshot,
            query,
            { quarantined: { reasons: {}, behind: [] }, models: {} },
            null,
            filled,
          );
          const kept = { query, receipt: answer.receipt, rows: [] };
          const again = await replayAnswer(pipeline, kept, records, noLookups);
          expect(again.rows).toEqual(answer.rows);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are poison when they would be more than ten thousand, or hold what is no item', () => {
    const decoded = (name: string, change: object) =>
      foldOf(named(name).pipeline).decode(
        Buffer.from(JSON.stringify({ at: 1, author: 'ada', text: null, tags: [], wholes: [], flags: [], ...change })),
      );
    const words = (size: number) => Array(size).fill('a').join(' ');
    expect(decoded('words of a text', { text: words(10_000) })).toMatchObject({ kind: 'event' });
    expect(decoded('words of a text', { text: words(10_001) })).toMatchObject({ kind: 'poison', reason: 'wrong-type' });
    expect(decoded('truths', { flags: Array(10_000).fill(true) })).toMatchObject({ kind: 'event' });
    expect(decoded('truths', { flags: Array(10_001).fill(true) })).toMatchObject({
      kind: 'poison',
      detail: 'item: 10001 items, more than the 10000 that one record may have',
    });
    expect(decoded('tags, nulls among them', { tags: ['a', '\ud800'] })).toEqual({
      kind: 'poison',
      reason: 'wrong-type',
      detail: 'item is not of type text in every item',
    });
    // A long text is no long key: its longest word is what counts.
    expect(decoded('words of a text', { text: `${'a'.repeat(50_000)} ${'b'.repeat(50_000)}` })).toMatchObject({
      kind: 'event',
    });
    expect(decoded('words of a text', { text: 'a'.repeat(60_001) })).toMatchObject({
      kind: 'poison',
      reason: 'wrong-type',
    });
  });
});
