import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AnswerRow, digestOf, gatherPages, type Receipt } from '../engine.ts';

const receipt: Omit<Receipt, 'digest'> = {
  pipeline: 'delays',
  version: 'delays-1',
  topicId: 'i',
  generation: 2,
  run: 'r',
  models: null,
  question: { window: 'daily', keys: [{ carrier: 'UA', origin: 'EWR' }], from: 0, total: true },
  coverage: { 0: [[0, 12]], 10: [[4, 9]] },
  gaps: { 10: [[0, 4]] },
  batchBelow: { 0: 8 },
  offsets: { batch: 8, speed: 9 },
  quarantined: { reasons: { 'not-json': 1 }, behind: [{ partition: 0, range: [8, 12] }] },
  page: {
    start: { bucket: 1, after: { key: '["AA"]', window: 'daily', startMs: 7 } },
    rows: 2,
    deviating: 1,
    last: false,
  },
};
const row: AnswerRow = {
  key: { carrier: 'z\u{1f600}', origin: null },
  window: { name: 'daily', start: '2013-01-01T00:00:00.000Z', end: null },
  values: { flights: 1, totalDelay: -0.1, big: 1e21 },
  parts: { batch: null, speed: { flights: 1, totalDelay: -0.1, big: 1e21 } },
  ahead: [{ partition: 0, range: [12, 13] }],
};

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The same data with the fields of each object in another order. */
const reversed = (value: Json): Json => {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, entry]) => [name, reversed(entry)]),
  );
};

/** Every place in some data, and the data with something else there. */
function* changed(value: Json): Generator<Json> {
  if (typeof value === 'number') yield value === 0 ? 1 : -value;
  else if (typeof value === 'boolean') yield !value;
  else if (typeof value === 'string') yield `${value} `;
  else if (value === null) yield 0;
  else if (Array.isArray(value)) {
    yield [...value, null];
    for (const [index, entry] of value.entries()) for (const other of changed(entry)) yield value.with(index, other);
  } else {
    yield { ...value, other: 0 };
    for (const [name, entry] of Object.entries(value))
      for (const other of changed(entry)) yield { ...value, [name]: other };
  }
}

const json = (value: unknown): Json => JSON.parse(JSON.stringify(value));
const shownRow = fc.record(
  {
    key: fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.oneof(fc.double(), fc.string({ unit: 'binary' }), fc.constant(null)),
    ),
    window: fc.record({ name: fc.string(), start: fc.option(fc.string()), end: fc.option(fc.string()) }),
    values: fc.dictionary(fc.string(), fc.option(fc.double())),
    ahead: fc.array(fc.record({ partition: fc.nat(), range: fc.tuple(fc.nat(), fc.nat()) })),
  },
  { requiredKeys: ['key', 'window', 'values'] },
);

describe('the digest of an answer', () => {
  it('is the hash of lines that anybody can write', () => {
    const lines = [
      'bifold answer 1',
      '{"batchBelow":{"0":8},"coverage":{"0":[[0,12]],"10":[[4,9]]},"gaps":{"10":[[0,4]]},"generation":2,"models":null,"offsets":{"batch":8,"speed":9},"page":{"deviating":1,"last":false,"rows":2,"start":{"after":{"key":"[\\"AA\\"]","startMs":7,"window":"daily"},"bucket":1}},"pipeline":"delays","quarantined":{"behind":[{"partition":0,"range":[8,12]}],"reasons":{"not-json":1}},"question":{"from":0,"keys":[{"carrier":"UA","origin":"EWR"}],"total":true,"window":"daily"},"run":"r","topicId":"i","version":"delays-1"}',
      '{"ahead":[{"partition":0,"range":[12,13]}],"key":{"carrier":"z\u{1f600}","origin":null},"parts":{"batch":null,"speed":{"big":1e+21,"flights":1,"totalDelay":-0.1}},"values":{"big":1e+21,"flights":1,"totalDelay":-0.1},"window":{"end":null,"name":"daily","start":"2013-01-01T00:00:00.000Z"}}',
    ];
    const hash = createHash('sha256')
      .update(lines.map((line) => `${line}\n`).join(''))
      .digest('hex');
    expect(digestOf(receipt, [row])).toBe(`sha256:${hash}`);
  });

  it('does not change with the order of fields, nor on the way through JSON', () => {
    fc.assert(
      fc.property(fc.array(shownRow), (rows) => {
        const digest = digestOf(receipt, rows);
        expect(
          digestOf(
            reversed(json(receipt)) as never,
            rows.map((one) => reversed(json(one)) as never),
          ),
        ).toBe(digest);
        expect(digestOf(json({ ...receipt, digest }) as never, json(rows) as never)).toBe(digest);
      }),
    );
  });

  it('changes with every cell, offset and count, one at a time', () => {
    const seen = new Set([digestOf(receipt, [row, row])]);
    let changes = 0;
    const see = (digest: string) => {
      changes++;
      seen.add(digest);
    };
    for (const other of changed(json(receipt))) see(digestOf(other as never, [row, row]));
    for (const other of changed(json(row))) {
      see(digestOf(receipt, [other, row] as never));
      see(digestOf(receipt, [row, other] as never));
    }
    expect(changes).toBeGreaterThan(100);
    expect(seen.size).toBe(changes + 1);
  });

  it('changes when a row is missing, twice there, or in another place', () => {
    fc.assert(
      fc.property(fc.array(shownRow, { minLength: 1 }), fc.nat(), (rows, place) => {
        const index = place % rows.length;
        const digest = digestOf(receipt, rows);
        expect(digestOf(receipt, rows.toSpliced(index, 1))).not.toBe(digest);
        expect(digestOf(receipt, rows.toSpliced(index, 0, rows[index] as never))).not.toBe(digest);
        const moved = rows.toReversed();
        expect(digestOf(receipt, moved) === digest).toBe(JSON.stringify(json(moved)) === JSON.stringify(json(rows)));
      }),
    );
  });

  it('of gathered pages is that of one long page, however they were cut', () => {
    const long = gatherPages({ ...receipt, digest: '' }, [row, row, row]);
    expect(long.receipt.page).toEqual({ start: null, rows: 3, deviating: 3, last: true });
    const { digest } = long.receipt;
    const other = { ...receipt, page: { ...receipt.page, start: null, rows: 1 }, digest: 'another' };
    expect(gatherPages(other, [row, row, row]).receipt.digest).toBe(digest);
    expect(digestOf(long.receipt, [row, row, row])).toBe(digest);
  });
});
