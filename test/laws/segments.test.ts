import { type SegmentSize, segmentEnd, segmentOf, segmentSql, segmentStart } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { duckDbWhileTesting } from './sql/duckdb.ts';

const connection = duckDbWhileTesting();

describe('segments in SQL', () => {
  it('are those of the fold, at every boundary and up to 2^53', async () => {
    const sizes: fc.Arbitrary<SegmentSize> = fc.oneof(
      fc.integer({ min: 1, max: 131_072 }),
      fc
        .tuple(fc.nat(6), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 64 }))
        .map(([least, doublings, share]) => ({ least: 2 ** (least + 4), most: 2 ** (least + doublings + 4), share })),
    );
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.array(fc.oneof(fc.nat(2_000), fc.maxSafeNat()), { minLength: 1, maxLength: 30 }),
        async (size, drawn) => {
          const offsets = drawn.flatMap((one) => {
            const start = segmentStart(one % 2_000, size);
            return [one, start, start + 1, Math.max(0, start - 1), segmentEnd(one % 2_000, size) - 1];
          });
          const values = offsets.map((offset) => `(${offset}::BIGINT)`).join(', ');
          const sql = `SELECT o, ${segmentSql('o', size)} FROM (VALUES ${values}) AS offsets(o)`;
          const rows = (await connection().runAndReadAll(sql)).getRows();
          expect(rows.map(([offset, segment]) => [Number(offset), Number(segment)])).toEqual(
            offsets.map((offset) => [offset, segmentOf(offset, size)]),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
