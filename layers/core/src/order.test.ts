import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { comparePositions, compareUtf8, mergeSorted } from './order.ts';
import type { RowPosition } from './ports/scope.ts';

/** Well-formed texts over the borders where UTF-16 and UTF-8 order differ. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({
    unit: fc.constantFrom(
      '',
      '\0',
      'a',
      'é',
      '\u07ff',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{1f600}',
      '\u{10ffff}',
    ),
    maxLength: 5,
  }),
);

describe('compareUtf8', () => {
  it('orders as the bytes do', () => {
    fc.assert(
      fc.property(text, text, (left, right) => {
        expect(Math.sign(compareUtf8(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
      }),
      { numRuns: 2000 },
    );
  });

  it('orders as the bytes do, at every border of UTF-16 and UTF-8', () => {
    const borders = ['', '\0', '\x7f', '\x80', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uf7ff', '\uffff', '\u{10000}'];
    for (const left of [...borders, '\u{103ff}', '\u{10ffff}'])
      for (const right of borders)
        expect([left, right, Math.sign(compareUtf8(left, right))]).toEqual([
          left,
          right,
          Buffer.compare(Buffer.from(left), Buffer.from(right)),
        ]);
  });

  it('is an order: one way or the other, and the same through a third', () => {
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(0 - Math.sign(compareUtf8(b, a)));
        const [first, , third] = [a, b, c].sort(compareUtf8) as [string, string, string];
        expect(compareUtf8(first, third)).toBeLessThanOrEqual(0);
        expect(compareUtf8(a, b) === 0).toBe(a === b);
      }),
    );
  });

  it('puts texts beyond the first plane last, where UTF-16 does not', () => {
    expect('\u{1f600}' < '\uffff').toBe(true);
    expect(compareUtf8('\u{1f600}', '\uffff')).toBeGreaterThan(0);
  });
});

const position: fc.Arbitrary<RowPosition> = fc.record({
  key: fc.constantFrom('a', 'b', '\uffff', '\u{1f600}'),
  window: fc.constantFrom('daily', 'hourly'),
  startMs: fc.integer({ min: -2, max: 2 }),
});
type Row = RowPosition & { readonly source: number };

async function* reading(rows: readonly Row[], closed: number[], source: number): AsyncGenerator<Row> {
  try {
    yield* rows;
  } finally {
    closed.push(source);
  }
}

const sources = fc
  .array(fc.uniqueArray(position, { selector: (row) => JSON.stringify(row), maxLength: 8 }), { maxLength: 6 })
  .map((lists) =>
    lists.map((list, source) =>
      list
        .map((row): Row => ({ ...row, source }))
        .sort(
          (left, right) =>
            Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)) ||
            (left.window < right.window ? -1 : left.window > right.window ? 1 : 0) ||
            left.startMs - right.startMs,
        ),
    ),
  );

describe('mergeSorted', () => {
  it('is the sorted concatenation, equal positions together', async () => {
    await fc.assert(
      fc.asyncProperty(sources, async (lists) => {
        const closed: number[] = [];
        const gathered: { position: RowPosition; rows: readonly (readonly [number, Row])[] }[] = [];
        for await (const each of mergeSorted(lists.map((list, source) => reading(list, closed, source))))
          gathered.push(each);
        for (let index = 1; index < gathered.length; index++) {
          const [before, after] = [gathered[index - 1], gathered[index]];
          expect(comparePositions(before?.position as RowPosition, after?.position as RowPosition)).toBeLessThan(0);
        }
        for (const { position: at, rows } of gathered)
          for (const [source, row] of rows) expect(row).toEqual({ ...at, source });
        const seen = gathered.flatMap(({ rows }) => rows.map(([, row]) => JSON.stringify(row))).sort();
        expect(seen).toEqual(
          lists
            .flat()
            .map((row) => JSON.stringify(row))
            .sort(),
        );
      }),
    );
  });

  it('closes every source when its reader stops early', async () => {
    await fc.assert(
      fc.asyncProperty(sources, fc.nat({ max: 5 }), async (lists, after) => {
        const closed: number[] = [];
        let read = 0;
        for await (const _ of mergeSorted(lists.map((list, source) => reading(list, closed, source))))
          if (read++ >= after) break;
        expect(closed.sort()).toEqual(lists.map((_, source) => source));
      }),
    );
  });

  it('takes sources that cannot be closed', async () => {
    const rows: Row[] = [0, 1].map((startMs) => ({ key: 'a', window: 'daily', startMs, source: 0 }));
    const given = rows.values();
    const unclosable: AsyncIterable<Row> = { [Symbol.asyncIterator]: () => ({ next: async () => given.next() }) };
    for await (const { rows: first } of mergeSorted([unclosable])) {
      expect(first).toEqual([[0, rows[0]]]);
      break;
    }
  });

  it('closes the others when one fails, and tells of it', async () => {
    const closed: number[] = [];
    const row: Row = { key: 'a', window: 'daily', startMs: 0, source: 0 };
    async function* failing(): AsyncGenerator<Row> {
      yield row;
      throw new Error('the disk is gone');
    }
    const all = mergeSorted([reading([row, { ...row, startMs: 1 }], closed, 0), failing()]);
    const readAll = async (): Promise<void> => {
      for await (const _ of all);
    };
    await expect(readAll()).rejects.toThrow('the disk is gone');
    expect(closed).toEqual([0]);
  });
});
