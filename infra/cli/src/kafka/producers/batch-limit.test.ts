import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../../errors.ts';
import { batchBytesOf, batchLimitOf, refuseTooLarge, requestsOf } from './batch-limit.ts';

// Encoded by kafkajs itself, so that the sizes are compared with what goes over the wire.
const { default: encodeRecord } = await import('kafkajs/src/protocol/recordBatch/record/v0/index.js' as string);
const { RecordBatch } = (await import('kafkajs/src/protocol/recordBatch/v0/index.js' as string)).default;

type Outgoing = Parameters<typeof batchBytesOf>[0];

const onTheWire = async (records: readonly Outgoing[]): Promise<number> =>
  (
    await RecordBatch({ records: records.map((record, offsetDelta) => encodeRecord({ ...record, offsetDelta })) })
  ).size();

const limitOf = (bytes: number, compression = 'producer') =>
  batchLimitOf('notes', { 'max.message.bytes': String(bytes), 'compression.type': compression });

const text = (bytes: number): Outgoing => ({ partition: 0, key: null, value: 'x'.repeat(bytes) });

describe('the size of a batch', () => {
  it.each<[string, Outgoing]>([
    ['a short text', text(3)],
    ['a text whose length takes two bytes', text(64)],
    ['a text whose length takes three bytes', text(8192)],
    ['a text of 5 MB', text(5_000_000)],
    ['a key beyond ASCII', { partition: 0, key: 'Zürich', value: '…' }],
    ['a tombstone', { partition: 0, key: 'k', value: null }],
    ['bytes', { partition: 0, key: 'k', value: Buffer.alloc(300) }],
    ['headers', { partition: 0, key: 'k', value: 'v', headers: { a: ['1', '22'], b: 'x'.repeat(70) } }],
  ])('is that of the wire: %s', async (_, record) => {
    expect(batchBytesOf(record)).toBe(await onTheWire([record]));
  });
});

describe('requests', () => {
  it('hold batches that fit the topic, in order, as few as that allows', async () => {
    const records = Array.from({ length: 5 }, () => text(400));
    const requests = [...requestsOf(records, limitOf(1000))];
    expect(requests.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(requests.flat()).toEqual(records);
    for (const request of requests) expect(await onTheWire(request)).toBeLessThanOrEqual(1000);
  });

  it('measure each partition by itself', () => {
    const records = Array.from({ length: 6 }, (_, index) => ({ ...text(400), partition: index % 3 }));
    expect([...requestsOf(records, limitOf(1000))].map(({ length }) => length)).toEqual([6]);
  });

  it('are filled to the last byte of the limit', async () => {
    const records = Array.from({ length: 200 }, (_, index) => text(index));
    const whole = await onTheWire(records);
    expect([...requestsOf(records, limitOf(whole))]).toHaveLength(1);
    expect([...requestsOf(records, limitOf(whole - 1))]).toHaveLength(2);
  });

  it('leave room where the broker compresses the batches itself', () => {
    const records = Array.from({ length: 10 }, () => text(10_000));
    const sizeOfAll = 10 * 10_000 + 300;
    expect([...requestsOf(records, limitOf(sizeOfAll))]).toHaveLength(1);
    expect([...requestsOf(records, limitOf(sizeOfAll, 'gzip'))]).toHaveLength(2);
  });

  it('hold one record where it is larger than a request is filled', () => {
    const records = [text(10), text(3_000_000), text(10)];
    expect([...requestsOf(records, limitOf(4_000_000))].map(({ length }) => length)).toEqual([1, 1, 1]);
  });
});

describe('a record', () => {
  it('is refused one byte above the limit, and not at the limit', () => {
    const record = text(400);
    const sizeBytes = batchBytesOf(record);
    expect(() => refuseTooLarge(record, limitOf(sizeBytes), 'line 7 of notes.txt')).not.toThrow();
    const refused = () => refuseTooLarge(record, limitOf(sizeBytes - 1), 'line 7 of notes.txt');
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(/line 7 of notes.txt is too large for topic "notes"/);
    expect(refused).toThrow(new RegExp(`${sizeBytes} bytes`));
    expect(refused).toThrow(new RegExp(`${sizeBytes - 1} bytes at most`));
  });
});
