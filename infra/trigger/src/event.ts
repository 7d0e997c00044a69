/**
 * The JSON text of the event that AWS sends for a self-managed Kafka source, as bytes.
 *
 * Records are encoded when they are consumed, not when they are sent. So a batch consists of byte
 * ranges of known size, and is ready before the previous invocation returns.
 */

/**
 * A consumed record, in the shape of kafkajs, so that no object is created between consuming and
 * encoding.
 */
export interface KafkaRecord {
  /** Decimal text of an int64. */
  readonly offset: string;
  /** Decimal text, milliseconds since the epoch. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>;
  /**
   * The attributes of the record batch that the record came in: bit 3, as kafkajs decodes it.
   * Absent in old formats.
   */
  readonly batchContext?: { readonly timestampType: number };
}

type HeaderValue = Buffer | string | null;

/** Encoded records of one partition, in log order: their JSON texts joined by commas. */
export interface EncodedRun {
  readonly bytes: Buffer;
  /**
   * The end of each record in `bytes`, without the comma. Record `i > 0` starts at `ends[i - 1] +
   * 1`.
   */
  readonly ends: Uint32Array;
  readonly offsets: Float64Array;
  /**
   * The next offset after this run: after its last record, and after the transaction markers that
   * follow it.
   */
  readonly nextOffset: number;
}

const logAppendTime = 1;
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const createTimeText = latin1(',"timestampType":"CREATE_TIME"');
const logAppendTimeText = latin1(',"timestampType":"LOG_APPEND_TIME"');
const timestampText = latin1(',"timestamp":');
const keyText = latin1(',"key":"');
const valueText = latin1(',"value":"');
const quoteText = latin1('"');
const nullValueText = latin1(',"value":null');
const noHeadersText = latin1(',"headers":[]}');
const comma = 0x2c;

/**
 * Encodes the records of one partition. A tombstone's value is null; a record without a key has no
 * `key`.
 */
export function encodeRun(
  topic: string,
  partition: number,
  records: readonly KafkaRecord[],
  nextOffset: number,
): EncodedRun {
  const prefix = latin1(`{"topic":"${topic}","partition":${partition},"offset":`);
  const headerTexts: (Buffer | null)[] = new Array(records.length);
  let sizeBytes = Math.max(0, records.length - 1);
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as KafkaRecord;
    const headers = headersText(record);
    headerTexts[i] = headers;
    sizeBytes += prefix.length + record.offset.length + timestampText.length + record.timestamp.length;
    sizeBytes += isLogAppendTime(record) ? logAppendTimeText.length : createTimeText.length;
    if (record.key !== null) sizeBytes += keyText.length + base64Length(record.key) + 1;
    sizeBytes +=
      record.value === null ? nullValueText.length : valueText.length + base64Length(record.value) + quoteText.length;
    sizeBytes += headers === null ? noHeadersText.length : headers.length;
  }

  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  const ends = new Uint32Array(records.length);
  const offsets = new Float64Array(records.length);
  let at = 0;
  for (let i = 0; i < records.length; i++) {
    const record = records[i] as KafkaRecord;
    if (i > 0) bytes[at++] = comma;
    at = put(prefix, bytes, at);
    at = putDigits(record.offset, bytes, at);
    at = put(timestampText, bytes, at);
    at = putDigits(record.timestamp, bytes, at);
    at = put(isLogAppendTime(record) ? logAppendTimeText : createTimeText, bytes, at);
    if (record.key !== null) at = put(quoteText, bytes, putBase64(record.key, bytes, put(keyText, bytes, at)));
    if (record.value === null) at = put(nullValueText, bytes, at);
    else at = put(quoteText, bytes, putBase64(record.value, bytes, put(valueText, bytes, at)));
    const headers = headerTexts[i] as Buffer | null;
    at = headers === null ? put(noHeadersText, bytes, at) : at + headers.copy(bytes, at);
    ends[i] = at;
    offsets[i] = Number(record.offset);
  }
  return { bytes, ends, offsets, nextOffset };
}

/**
 * The text around the records of an event: `head`, then per partition `open(partition)` ...
 * `close`, then `tail`.
 */
export interface Envelope {
  readonly head: Buffer;
  readonly open: (partition: number) => Buffer;
  readonly close: Buffer;
  readonly tail: Buffer;
  readonly comma: Buffer;
}

export function selfManagedKafkaEnvelope(topic: string, bootstrapServers: readonly string[]): Envelope {
  const servers = JSON.stringify(bootstrapServers.join(','));
  return {
    head: Buffer.from(`{"eventSource":"SelfManagedKafka","bootstrapServers":${servers},"records":{`),
    open: (partition) => Buffer.from(`"${topic}-${partition}":[`),
    close: Buffer.from(']'),
    tail: Buffer.from('}}'),
    comma: Buffer.from(','),
  };
}

function isLogAppendTime(record: KafkaRecord): boolean {
  return record.batchContext?.timestampType === logAppendTime;
}

/** Headers as JSON. Java bytes are signed, and Lambda is written in Java: 0xc3 becomes -61. */
function headersText(record: KafkaRecord): Buffer | null {
  const { headers } = record;
  if (headers === undefined) return null;
  let text = '';
  for (const name in headers) {
    const value = headers[name];
    for (const single of Array.isArray(value) ? value : [value]) {
      text += `${text === '' ? '' : ','}{${JSON.stringify(name)}:[${signedBytes(single)}]}`;
    }
  }
  return text === '' ? null : Buffer.from(`,"headers":[${text}]}`);
}

function signedBytes(value: HeaderValue | undefined): string {
  if (value === null || value === undefined) return '';
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length).join(',');
}

const alphabet = latin1('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const padding = 0x3d;
/**
 * Below this, the native encoder's call costs more than its speed gains (measured: 193 against 258
 * ns a record of 184 bytes).
 */
const nativeFromBytes = 48;

function base64Length(bytes: Buffer): number {
  return Math.ceil(bytes.length / 3) * 4;
}

function putBase64(source: Buffer, target: Buffer, start: number): number {
  if (source.length >= nativeFromBytes) return start + target.write(source.toString('base64'), start, 'latin1');
  const letter = (index: number) => alphabet[index & 63] as number;
  let at = start;
  for (let i = 0; i < source.length; i += 3) {
    const left = source.length - i;
    const triple =
      ((source[i] as number) << 16) |
      (left > 1 ? (source[i + 1] as number) << 8 : 0) |
      (left > 2 ? (source[i + 2] as number) : 0);
    target[at++] = letter(triple >> 18);
    target[at++] = letter(triple >> 12);
    target[at++] = left > 1 ? letter(triple >> 6) : padding;
    target[at++] = left > 2 ? letter(triple) : padding;
  }
  return at;
}

function put(text: Uint8Array, target: Buffer, start: number): number {
  for (let i = 0; i < text.length; i++) target[start + i] = text[i] as number;
  return start + text.length;
}

function putDigits(text: string, target: Buffer, start: number): number {
  for (let i = 0; i < text.length; i++) target[start + i] = text.charCodeAt(i);
  return start + text.length;
}
