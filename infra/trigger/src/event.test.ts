import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeRun, type KafkaRecord, selfManagedKafkaEnvelope } from './event.ts';

const record = (more: Partial<KafkaRecord>): KafkaRecord => ({
  offset: '15',
  timestamp: '1545084650987',
  key: null,
  value: null,
  headers: {},
  batchContext: { timestampType: 0 },
  ...more,
});
const textOf = (records: readonly KafkaRecord[]) => encodeRun('my.topic', 3, records, 16).bytes.toString();

describe('encodeRun', () => {
  it('writes a record as AWS does', () => {
    const written = textOf([record({ key: Buffer.from('k1'), value: Buffer.from('{"a":1}') })]);
    expect(written).toBe(
      '{"topic":"my.topic","partition":3,"offset":15,"timestamp":1545084650987,"timestampType":"CREATE_TIME","key":"azE=","value":"eyJhIjoxfQ==","headers":[]}',
    );
  });

  it('writes a tombstone as null, and no key where there is none', () => {
    expect(textOf([record({})])).toBe(
      '{"topic":"my.topic","partition":3,"offset":15,"timestamp":1545084650987,"timestampType":"CREATE_TIME","value":null,"headers":[]}',
    );
  });

  it('tells an empty key and value from none', () => {
    const [written] = JSON.parse(`[${textOf([record({ key: Buffer.alloc(0), value: Buffer.alloc(0) })])}]`);
    expect(written).toMatchObject({ key: '', value: '' });
  });

  it('writes header bytes signed, repeated headers one by one, and escapes their names', () => {
    const [written] = JSON.parse(
      `[${textOf([record({ headers: { a: Buffer.from('Å'), 'b"ü': [Buffer.from([1]), null, Buffer.from([0x80, 0x7f])] } })])}]`,
    );
    expect(written.headers).toEqual([{ a: [-61, -123] }, { 'b"ü': [1] }, { 'b"ü': [] }, { 'b"ü': [-128, 127] }]);
  });

  it('takes the kind of timestamp from the record batch', () => {
    expect(textOf([record({ batchContext: { timestampType: 1 } })])).toContain('"timestampType":"LOG_APPEND_TIME"');
  });

  it('gives back what it was given, and knows where each record ends', () => {
    const bytes = fc.uint8Array({ maxLength: 120 }).map((array) => Buffer.from(array));
    const records = fc.array(
      fc.record({
        offset: fc.nat().map(String),
        timestamp: fc.nat().map(String),
        key: fc.option(bytes),
        value: fc.option(bytes),
        headers: fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme' }), bytes),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(records, (given) => {
        const run = encodeRun('t', 0, given, 99);
        const whole = JSON.parse(`[${run.bytes.toString('utf8')}]`);
        let from = 0;
        const single = given.map((_, i) => {
          const text = run.bytes.toString('utf8', from, run.ends[i]);
          from = (run.ends[i] as number) + 1;
          return JSON.parse(text);
        });
        expect(single).toEqual(whole);
        expect(whole).toEqual(
          given.map(({ offset, timestamp, key, value, headers }) => ({
            topic: 't',
            partition: 0,
            offset: Number(offset),
            timestamp: Number(timestamp),
            timestampType: 'CREATE_TIME',
            ...(key === null ? {} : { key: key.toString('base64') }),
            value: value === null ? null : value.toString('base64'),
            headers: Object.entries(headers).map(([name, header]) => ({
              [name]: [...header].map((byte) => (byte << 24) >> 24),
            })),
          })),
        );
        expect([...run.offsets]).toEqual(given.map(({ offset }) => Number(offset)));
      }),
    );
  });
});

describe('selfManagedKafkaEnvelope', () => {
  it('surrounds records with source, servers and the name of their partition', () => {
    const { head, open, close, tail } = selfManagedKafkaEnvelope('flights', ['a:9092', 'b:9092']);
    expect(Buffer.concat([head, open(2), close, tail]).toString()).toBe(
      '{"eventSource":"SelfManagedKafka","bootstrapServers":"a:9092,b:9092","records":{"flights-2":[]}}',
    );
  });
});
