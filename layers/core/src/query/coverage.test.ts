import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { covers, gapsOf, normalRanges, type Range, sizeOf, unionOf, withoutRange } from './coverage.ts';

const SIZE = 40;
const range: fc.Arbitrary<Range> = fc.tuple(fc.nat({ max: SIZE }), fc.nat({ max: SIZE }));
const ranges = fc.array(range, { maxLength: 8 });

/** The offsets of ranges, one by one: what the ranges mean. */
function offsets(some: readonly Range[]): Set<number> {
  const all = new Set<number>();
  for (const [start, end] of some) for (let offset = start; offset < end; offset++) all.add(offset);
  return all;
}

function expectNormal(some: readonly Range[]): void {
  for (const [start, end] of some) expect(end).toBeGreaterThan(start);
  for (let index = 1; index < some.length; index++)
    expect((some[index] as Range)[0]).toBeGreaterThan((some[index - 1] as Range)[1]);
}

describe('ranges of offsets, against sets of whole numbers', () => {
  it('normalRanges keeps the set and has one form for it', () => {
    fc.assert(
      fc.property(ranges, (some) => {
        const normal = normalRanges(some);
        expectNormal(normal);
        expect(offsets(normal)).toEqual(offsets(some));
        expect(normalRanges(normal.toReversed())).toEqual(normal);
      }),
    );
  });

  it('leaves its argument alone', () => {
    const some: readonly Range[] = Object.freeze([Object.freeze([5, 9] as const), Object.freeze([0, 6] as const)]);
    expect(normalRanges(some)).toEqual([[0, 9]]);
    expect(withoutRange(some, [3, 4])).toEqual([
      [0, 3],
      [4, 9],
    ]);
  });

  it('withoutRange is the difference of the sets', () => {
    fc.assert(
      fc.property(ranges, range, (some, [start, end]) => {
        const left = withoutRange(some, [start, end]);
        expectNormal(left);
        expect(offsets(left)).toEqual(offsets(some).difference(offsets([[start, end]])));
      }),
    );
  });

  it('gapsOf names what is missing below the last offset', () => {
    fc.assert(
      fc.property(ranges, (some) => {
        const normal = normalRanges(some);
        const gaps = gapsOf(normal);
        expectNormal(gaps);
        const last = normal.at(-1)?.[1] ?? 0;
        expect(offsets(gaps)).toEqual(offsets([[0, last]]).difference(offsets(some)));
      }),
    );
  });

  it('covers and sizeOf count the set', () => {
    fc.assert(
      fc.property(ranges, (some) => {
        const normal = normalRanges(some);
        const all = offsets(some);
        for (let offset = -1; offset <= SIZE; offset++) expect(covers(normal, offset)).toBe(all.has(offset));
        expect(sizeOf(normal)).toBe(all.size);
      }),
    );
  });

  it('unionOf covers what any of them covers, partition by partition', () => {
    fc.assert(
      fc.property(ranges, ranges, (one, other) => {
        const union = unionOf([{ 0: one, 1: other }, { 0: other }, {}]);
        expect(Object.keys(union)).toEqual(['0', '1']);
        for (const own of Object.values(union)) expectNormal(own);
        expect(offsets(union[0] ?? [])).toEqual(offsets(one).union(offsets(other)));
        expect(offsets(union[1] ?? [])).toEqual(offsets(other));
      }),
    );
  });
});
