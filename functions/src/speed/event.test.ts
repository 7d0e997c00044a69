import { ProtocolError } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { type KafkaEvent, type KafkaEventRecord, recordsByPartition } from './event.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function record(partition: number, offset: number, rest: Partial<KafkaEventRecord> = {}): KafkaEventRecord {
  return { topic: 'legs', partition, offset, timestamp: 1700000000000 + offset, ...rest };
}

function event(eventSource: KafkaEvent['eventSource'], ...records: KafkaEventRecord[]): KafkaEvent {
  return { eventSource, records: { 'legs-0': records } };
}

describe('recordsByPartition', () => {
  it.each(['SelfManagedKafka', 'aws:kafka'] as const)('reads keys, values and signed header bytes of %s', (source) => {
    const headers = [{ trace: [-61, -85] }, { trace: [65] }, { empty: [] }];
    const [read] =
      recordsByPartition(
        event(source, record(3, 7, { key: base64('N1'), value: base64('{"a":1}'), headers })),
        'legs',
      ).get(3) ?? [];
    expect(read).toMatchObject({ partition: 3, offset: 7, timestampMs: 1700000000007 });
    expect(Buffer.from(read?.key ?? []).toString()).toBe('N1');
    expect(Buffer.from(read?.value ?? []).toString()).toBe('{"a":1}');
    expect(read?.headers.map(({ key, value }) => [key, Buffer.from(value ?? []).toString('utf8')])).toEqual([
      ['trace', 'ë'],
      ['trace', 'A'],
      ['empty', ''],
    ]);
  });

  it('takes a tombstone as null, whether its value is null or absent, and tells it from an empty value', () => {
    const records = [record(0, 1, { value: null }), record(0, 2), record(0, 3, { value: '' })];
    const read = recordsByPartition(event('SelfManagedKafka', ...records), 'legs').get(0) ?? [];
    expect(read.map(({ value }) => value?.length ?? null)).toEqual([null, null, 0]);
    expect(read.map(({ key }) => key)).toEqual([null, null, null]);
  });

  it('gives each partition its records in offset order, however the event groups them', () => {
    const delivery = recordsByPartition(
      {
        eventSource: 'SelfManagedKafka',
        records: { 'legs-1': [record(1, 9)], 'legs-0': [record(0, 5), record(0, 4)], again: [record(1, 8)] },
      },
      'legs',
    );
    expect([...delivery].map(([partition, records]) => [partition, records.map(({ offset }) => offset)])).toEqual([
      [1, [8, 9]],
      [0, [4, 5]],
    ]);
  });

  it.each([null, {}, { records: null }, 'x'])('refuses what is no Kafka event: %j', (event) => {
    expect(() => recordsByPartition(event as unknown as KafkaEvent, 'legs')).toThrow(/BIFOLD_NOT_A_KAFKA_EVENT/);
  });

  it('refuses records of another topic', () => {
    expect(() => recordsByPartition(event('SelfManagedKafka', { ...record(0, 1), topic: 'other' }), 'legs')).toThrow(
      ProtocolError,
    );
  });
});
