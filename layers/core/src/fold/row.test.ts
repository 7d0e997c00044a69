import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CodecError } from '../errors.ts';
import type { AggregatePlan } from '../plan/aggregate.ts';
import { POISON_REASONS } from '../records/record.ts';
import { QUARANTINE_WINDOW, type RowAlgebra, rowAlgebrasOf, type States } from './row.ts';

const aggregate = (name: string, kind: AggregatePlan['kind'], domain: AggregatePlan['domain']): AggregatePlan =>
  ({ name, kind, domain, field: kind === 'count' ? null : 'fare', where: null }) as AggregatePlan;
const rows = rowAlgebrasOf({
  windows: [
    { name: 'daily', kind: 'tumbling', sizeMs: 86_400_000 },
    { name: 'visits', kind: 'session', gapMs: 1000 },
  ],
  aggregates: [
    aggregate('n', 'count', 'integer'),
    aggregate('seats', 'sum', 'integer'),
    aggregate('fares', 'mean', 'double'),
    aggregate('lowest', 'min', 'double'),
  ],
});

const fare = fc.integer({ min: -80, max: 80 }).map((eighths) => eighths / 8);
/** The states of a row that some values went into. */
const statesOf = (algebra: RowAlgebra, values: readonly number[]): States =>
  values.reduce<States>(
    (states, value) => algebra.algebras.map((each, index) => each.add(states[index], Math.round(value) + 0)),
    algebra.empty,
  );
const kinds = [
  { name: 'the view', algebra: rows.view },
  { name: 'a pane that keeps times', algebra: rows.timed },
  { name: 'the quarantine', algebra: rows.quarantine },
];

describe.each(kinds)('a row of $name', ({ algebra }) => {
  const states = fc.array(fare, { maxLength: 6 }).map((values) => statesOf(algebra, values));

  it('is read as it was written, as a batch row and as a fragment', () => {
    fc.assert(
      fc.property(states, fc.maxSafeNat(), (some, lastOffset) => {
        const cell = algebra.encode(some);
        expect(algebra.encode(algebra.decode(cell))).toEqual(cell);
        const fragment = algebra.encodeFragment(lastOffset, some);
        const again = algebra.decodeFragment(fragment);
        expect(again.lastOffset).toBe(lastOffset);
        expect(algebra.encode(again.states)).toEqual(cell);
      }),
    );
  });

  it('merges associatively and commutatively, with the empty row as identity', () => {
    fc.assert(
      fc.property(states, states, states, (a, b, c) => {
        const bytes = (some: States): string => algebra.encode(some).toString('hex');
        const { merge, empty } = algebra;
        expect(bytes(merge(merge(a, b), c))).toBe(bytes(merge(a, merge(b, c))));
        expect(bytes(merge(a, b))).toBe(bytes(merge(b, a)));
        expect(bytes(merge(a, empty))).toBe(bytes(a));
      }),
    );
  });

  it('refuses bytes that are missing, and bytes left over', () => {
    const cells = [algebra.encode(algebra.empty), algebra.encodeFragment(300, algebra.empty)] as const;
    const readers = [algebra.decode, algebra.decodeFragment] as const;
    for (const [index, read] of readers.entries()) {
      const cell = cells[index] as Buffer;
      expect(() => read(cell.subarray(0, -1))).toThrow(CodecError);
      expect(() => read(Buffer.concat([cell, Buffer.of(0)]))).toThrow(CodecError);
    }
  });

  it('is written as ever after one that could not be', () => {
    const { empty } = algebra;
    const [cell, fragment] = [algebra.encode(empty), algebra.encodeFragment(3, empty)];
    // The first of its aggregates is written, the last is not.
    const broken = [...empty.slice(0, -1), Symbol('no state')];
    expect(() => algebra.encode(broken)).toThrow();
    expect(algebra.encodeFragment(3, empty)).toEqual(fragment);
    expect(() => algebra.encodeFragment(3, broken)).toThrow();
    expect(algebra.encode(empty)).toEqual(cell);
  });

  it('is shown by the names of its aggregates', () => {
    expect(Object.keys(algebra.present(algebra.empty))).toEqual(algebra.aggregates.map(({ name }) => name));
  });
});

describe('the algebra of a window', () => {
  it('is that of the view, of panes with times where it has sessions, and of the quarantine for its own', () => {
    expect(rows.of(QUARANTINE_WINDOW)).toBe(rows.quarantine);
    expect(rows.of('daily')).toBe(rows.view);
    expect(rows.of('visits')).toBe(rows.timed);
    expect(rows.view.present(statesOf(rows.view, [2, 4]))).toEqual({ n: 2, seats: 6, fares: 3, lowest: 2 });
    expect(rows.quarantine.present([1, 2, 3, 4, 5, 6, 7])).toEqual(
      Object.fromEntries(POISON_REASONS.map((reason, index) => [reason, index + 1])),
    );
  });
});
