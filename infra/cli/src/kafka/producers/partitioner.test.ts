import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { partitionOf } from './partitioner.ts';

describe('the partition of a key', () => {
  it("is that of kafkajs, which is that of Kafka's Java client", () => {
    const theirs = Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.integer({ min: 1, max: 64 }), (key, partitions) => {
        const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
          partitionId,
          leader: 1,
          partitionErrorCode: 0,
          replicas: [],
          isr: [],
        }));
        const expected = theirs({ topic: 't', partitionMetadata, message: { key, value: '' } });
        expect(partitionOf(key, partitions)).toBe(expected);
      }),
    );
  });

  it('is one and the same for all records without a key', () => {
    expect(partitionOf(null, 4)).toBe(partitionOf('', 4));
  });
});
