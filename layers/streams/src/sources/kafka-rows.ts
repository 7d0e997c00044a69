import { utf8Of } from '@bifold/adapters/formats';
import { decoderOf, type EventSchema, type LogRecord } from '@bifold/core/engine';
import { rowReader } from './row-reader.ts';
import type { RecordOutcome, RowsOf } from './source.ts';

/** A record of a topic as a row, or why it is none. */
export type RowOfRecord = (topic: string, record: LogRecord) => RecordOutcome;

export function rowOfRecord(schema: EventSchema | null, rows: RowsOf): RowOfRecord {
  const { decodedBy } = rows;
  if (decodedBy !== null) {
    const decode = decoderOf(decodedBy);
    return (_, { value }) => {
      const decoded = decode(value);
      return decoded.kind === 'event'
        ? { kind: 'row', values: decoded.values }
        : { kind: 'bad', reason: decoded.reason, detail: decoded.detail };
    };
  }
  if (schema === null) return rawRow;
  const read = rowReader(schema, rows);
  return (_, { value }) => {
    if (value === null) return { kind: 'bad', reason: 'tombstone', detail: 'the value is null' };
    const text = utf8Of(value);
    if (text === null) return { kind: 'bad', reason: 'not-utf8', detail: 'the bytes are not UTF-8 text' };
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch (error) {
      return { kind: 'bad', reason: 'not-json', detail: error instanceof Error ? error.message : String(error) };
    }
    return read(record);
  };
}

/** A record itself, as `KafkaRow` names its parts. */
const rawRow: RowOfRecord = (topic, { key, value, partition, offset, timestampMs }) => {
  const keyText = key === null ? null : utf8Of(key);
  const valueText = value === null ? null : utf8Of(value);
  if ((key !== null && keyText === null) || (value !== null && valueText === null))
    return { kind: 'bad', reason: 'not-utf8', detail: 'key or value is not UTF-8 text' };
  return { kind: 'row', values: [keyText, valueText, topic, partition, offset, timestampMs] };
};
