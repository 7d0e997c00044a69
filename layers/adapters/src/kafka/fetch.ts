import { createAPI, fetchV13, type Reader, ResponseError } from '@platformatic/kafka';
import type { AbortedTransaction } from './record-batches.ts';

/** A broker's answer for one partition. */
export interface FetchedPartition {
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /**
   * Record batches as the log stores them, still compressed. The broker may have cut off the last
   * one.
   */
  readonly batches: Buffer;
}

const [FETCH, VERSION] = [1, 13];

/**
 * A fetch of one partition. The library's own parser would decode all batches at once, without a
 * limit of their size: here they stay compressed.
 *
 * @see https://kafka.apache.org/protocol#The_Messages_Fetch
 */
export const fetchPartition = createAPI<Parameters<typeof fetchV13.createRequest>, FetchedPartition>(
  FETCH,
  VERSION,
  fetchV13.createRequest,
  (_correlationId, _apiKey, _apiVersion, reader) => {
    reader.skip(INT32); // throttle time
    throwError('/', reader.readInt16());
    reader.skip(INT32); // session
    const [partition] = reader.readArray((topic) => {
      topic.skip(UUID);
      return topic.readArray(partitionOf, true, false)[0];
    });
    if (partition === undefined) throw new Error('an answer without a partition');
    throwError('/responses/0/partitions/0', partition.error);
    return partition.fetched;
  },
);

const [INT32, INT64, UUID] = [4, 8, 16];

function partitionOf(reader: Reader): { readonly error: number; readonly fetched: FetchedPartition } {
  reader.skip(INT32); // index
  const error = reader.readInt16();
  reader.skip(INT64); // high watermark
  const lastStableOffset = Number(reader.readInt64());
  const logStartOffset = Number(reader.readInt64());
  const aborted =
    reader.readNullableArray((each) => ({ producerId: each.readInt64(), firstOffset: each.readInt64() })) ?? [];
  reader.skip(INT32); // preferred replica
  const batches = reader.readNullableBytes() ?? Buffer.alloc(0);
  reader.readTaggedFields();
  return { error, fetched: { lastStableOffset, logStartOffset, aborted, batches } };
}

/** Throws for a code that is not 0. */
function throwError(path: string, code: number): void {
  if (code !== 0) throw new ResponseError(FETCH, VERSION, { [path]: [code, null] }, undefined);
}
