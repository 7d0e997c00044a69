import { AsyncLocalStorage } from 'node:async_hooks';
import { type Codec, compress, DecodedTooLargeError, decompress } from '@bifold/compression';
import kafkajs, { type Consumer } from 'kafkajs';
import { TriggerError } from '../errors.ts';

/**
 * Registers all four codecs of Kafka in the codec table of kafkajs, which the whole process shares.
 */

/** The limit of decoded records per fetch. A single batch beyond it cannot be read. */
export const decodedBytesMaxDefault = 128 * 1024 * 1024;
/** Batches up to this size never wait for larger ones. */
const ordinaryBytesMax = 8 * 1024 * 1024;

interface FetchBudget {
  readonly limitBytes: number;
  usedBytes: number;
  /** Batches of this consumer that alone exceed the limit, and were seen once. */
  readonly tooLarge: Set<string>;
}

/** The fetch to which a decoding belongs. kafkajs passes only bytes to a codec. */
const fetches = new AsyncLocalStorage<FetchBudget>();

/**
 * Limits what each fetch of a consumer may decode. Batches beyond the limit are omitted from the
 * response, as if the broker had truncated it. The next fetch begins with them.
 */
export function boundFetches(consumer: Consumer, limitBytes: number = decodedBytesMaxDefault): void {
  const tooLarge = new Set<string>();
  consumer.on(consumer.events.FETCH_START, () => fetches.enterWith({ limitBytes, usedBytes: 0, tooLarge }));
}

/**
 * kafkajs treats an error of this name as a truncated batch: it keeps the batches before it, and
 * fetches again.
 */
class PartialBatch extends Error {
  override readonly name = 'KafkaJSPartialMessageError';
}

let largeDecode: Promise<unknown> = Promise.resolve();

/** Decodes large batches one after another, across all mappings, so that only one is in memory. */
async function decompressInTurn(codec: Codec, data: Buffer, limitBytes: number): Promise<Buffer> {
  const firstLimitBytes = Math.min(limitBytes, ordinaryBytesMax);
  try {
    return await decompress(codec, data, firstLimitBytes);
  } catch (error) {
    if (!(error instanceof DecodedTooLargeError) || limitBytes === firstLimitBytes) throw error;
  }
  const decode = () => decompress(codec, data, limitBytes);
  const decoded = largeDecode.then(decode, decode);
  largeDecode = decoded;
  return decoded;
}

async function decompressWithin(codec: Codec, data: Buffer): Promise<Buffer> {
  const budget = fetches.getStore() ?? { limitBytes: decodedBytesMaxDefault, usedBytes: 0, tooLarge: new Set() };
  try {
    const decoded = await decompressInTurn(codec, data, budget.limitBytes);
    if (budget.usedBytes > 0 && budget.usedBytes + decoded.length > budget.limitBytes) throw new PartialBatch();
    budget.usedBytes += decoded.length;
    return decoded;
  } catch (error) {
    if (error instanceof PartialBatch) throw error;
    if (!(error instanceof DecodedTooLargeError)) throw unreadable(codec, error);
    // The answer may hold good batches before this one. They are kept first; the next fetch begins
    // with this one.
    const batch = `${data.length}:${data.toString('base64', 0, 48)}`;
    if (budget.tooLarge.has(batch) || fetches.getStore() === undefined) {
      throw tooLarge(codec, data.length, budget.limitBytes);
    }
    budget.tooLarge.add(batch);
    throw new PartialBatch();
  }
}

/**
 * The error that stops a mapping because a batch of its log cannot be decoded; null if the error is
 * of another kind.
 */
export function undecodable(error: unknown, topic: string): TriggerError | null {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof TriggerError) return each;
    // kafkajs passes all records of a batch as arguments of one call, whose number is limited.
    if (each instanceof RangeError && each.message.includes('call stack')) return tooMany(topic);
  }
  return null;
}

function tooMany(topic: string): TriggerError {
  return new TriggerError('TRIGGER_BATCH_TOO_MANY_RECORDS', {
    failed: `a batch of topic ${topic} cannot be decoded; nothing was skipped`,
    received: 'more records in one batch than kafkajs can take',
    allowed: 'about 100,000 records in a batch',
    remedy: 'let producers write smaller batches (batch.size); delete the records of this one once they are archived',
  });
}

function tooLarge(codec: Codec, compressedBytes: number, limitBytes: number): TriggerError {
  const mebibytes = limitBytes / 1024 / 1024;
  return new TriggerError('TRIGGER_BATCH_TOO_LARGE', {
    failed: 'a batch of the log cannot be decoded within the memory bound; nothing was skipped',
    received: `${compressedBytes} bytes of ${codec} that decode to more than ${mebibytes} MiB`,
    allowed: `batches that decode to at most ${mebibytes} MiB`,
    remedy: 'start the trigger with a larger --decoded-mib; let producers write smaller batches (batch.size)',
  });
}

function unreadable(codec: Codec, cause: unknown): TriggerError {
  return new TriggerError(
    'TRIGGER_BATCH_CORRUPT',
    {
      failed: 'a batch of the log cannot be decoded; nothing was skipped',
      received: cause instanceof Error ? cause.message : String(cause),
      allowed: `what a Kafka producer compresses with ${codec}`,
      remedy: "look at the topic with kafka-dump-log; delete the records up to the batch's end if they are broken",
    },
    { cause },
  );
}

const codec = (name: Codec) => () => ({
  compress: ({ buffer }: { readonly buffer: Buffer }) => compress(name, buffer),
  decompress: (data: Buffer) => decompressWithin(name, data),
});

const { CompressionCodecs, CompressionTypes } = kafkajs;
Object.assign(CompressionCodecs, {
  [CompressionTypes.GZIP]: codec('gzip'),
  [CompressionTypes.Snappy]: codec('snappy'),
  [CompressionTypes.LZ4]: codec('lz4'),
  [CompressionTypes.ZSTD]: codec('zstd'),
});
