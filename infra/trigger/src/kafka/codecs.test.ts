import { EventEmitter } from 'node:events';
import { gzipSync } from 'node:zlib';
import { compress } from '@bifold/compression';
import { describe, expect, it } from '@jest/globals';
import kafkajs, { type Consumer } from 'kafkajs';
import { boundFetches, undecodable } from './codecs.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;
const MEBIBYTE = 1024 * 1024;
const decode = (type: number, data: Buffer): Promise<Buffer> =>
  (CompressionCodecs as Record<number, () => { decompress(data: Buffer): Promise<Buffer> }>)
    [type]?.()
    .decompress(data) as Promise<Buffer>;
const zeros = (size: number) => gzipSync(Buffer.alloc(size));
const gunzip = (data: Buffer) => decode(CompressionTypes.GZIP, data);

/** Like kafkajs: the event, then the awaited part of the fetch. */
function fetching(limitBytes: number): (decoding: () => Promise<void>) => Promise<void> {
  const emitter = new EventEmitter();
  const consumer = {
    events: { FETCH_START: 'fetch' },
    on: (name: string, listener: () => void) => emitter.on(name, listener),
  };
  boundFetches(consumer as unknown as Consumer, limitBytes);
  return async (decoding) => {
    emitter.emit('fetch');
    await decoding();
  };
}

const cutOff = { name: 'KafkaJSPartialMessageError' };

describe('the codecs of kafkajs', () => {
  it('are all four of Kafka', async () => {
    const data = Buffer.from('a record, '.repeat(100));
    for (const [type, codec] of [
      [CompressionTypes.GZIP, 'gzip'],
      [CompressionTypes.Snappy, 'snappy'],
      [CompressionTypes.LZ4, 'lz4'],
      [CompressionTypes.ZSTD, 'zstd'],
    ] as const) {
      expect((await decode(type, await compress(codec, data))).equals(data)).toBe(true);
    }
  });

  it('leave out of a fetch what exceeds its bound; the next fetch has all of it', async () => {
    const fetch = fetching(20 * MEBIBYTE);
    const batch = zeros(12 * MEBIBYTE);
    await fetch(async () => {
      expect(await gunzip(batch)).toHaveLength(12 * MEBIBYTE);
      await expect(gunzip(batch)).rejects.toMatchObject(cutOff);
    });
    await fetch(async () => expect(await gunzip(batch)).toHaveLength(12 * MEBIBYTE));
  });

  it('count the fetches of two consumers apart, also at the same time', async () => {
    const batch = zeros(12 * MEBIBYTE);
    const fetches = [fetching(20 * MEBIBYTE), fetching(20 * MEBIBYTE)];
    await Promise.all(
      fetches.map((fetch) => fetch(async () => expect(await gunzip(batch)).toHaveLength(12 * MEBIBYTE))),
    );
  });

  it('refuse a batch that exceeds the bound alone, once the batches before it are delivered', async () => {
    const fetch = fetching(10 * MEBIBYTE);
    const batch = zeros(11 * MEBIBYTE);
    await fetch(async () => {
      await gunzip(zeros(MEBIBYTE));
      await expect(gunzip(batch)).rejects.toMatchObject(cutOff);
    });
    await fetch(async () => {
      const error = await gunzip(batch).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'TRIGGER_BATCH_TOO_LARGE' });
      expect(undecodable(new Error('five attempts', { cause: error }), 'topic')).toBe(error);
    });
  });

  it('tell broken batches and too many records from a connection that was lost', async () => {
    const broken = await gunzip(Buffer.from('no gzip')).catch((thrown) => thrown);
    expect(undecodable(broken, 'topic')).toMatchObject({ code: 'TRIGGER_BATCH_CORRUPT' });
    const overflow = new RangeError('Maximum call stack size exceeded');
    expect(undecodable(overflow, 'topic')).toMatchObject({ code: 'TRIGGER_BATCH_TOO_MANY_RECORDS' });
    expect(undecodable(new Error('read ECONNRESET'), 'topic')).toBeNull();
  });
});
