import {
  type DuckDBArrayType,
  type DuckDBArrayValue,
  type DuckDBBlobValue,
  type DuckDBDateValue,
  type DuckDBIntervalValue,
  type DuckDBListType,
  type DuckDBListValue,
  type DuckDBMapType,
  type DuckDBMapValue,
  type DuckDBStructType,
  type DuckDBStructValue,
  type DuckDBTimestampMillisecondsValue,
  type DuckDBTimestampNanosecondsValue,
  type DuckDBTimestampSecondsValue,
  type DuckDBTimestampValue,
  type DuckDBTimeValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBUnionType,
  type DuckDBUnionValue,
  type DuckDBValue,
  type DuckDBVariantValue,
} from '@duckdb/node-api';

/** How numbers and JSON texts become JSON values. */
export interface JsonFactory {
  /** A number with these digits. */
  number(digits: string): unknown;
  double(value: number): unknown;
  /** A value of a column whose type is JSON. */
  json(text: string): unknown;
}

export type JsonReader = (value: DuckDBValue) => unknown;

/** Reads values of a type as JSON: digits, nanoseconds and the names of structs are kept. */
export function jsonReader(type: DuckDBType, factory: JsonFactory): JsonReader {
  const read = readerOf(type, factory);
  return (value) => (value === null ? null : read(value));
}

function readerOf(type: DuckDBType, factory: JsonFactory): JsonReader {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
      return (value) => value;
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.DECIMAL:
      return (value) => factory.number(String(value));
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      return (value) => factory.double(value as number);
    case DuckDBTypeId.VARCHAR:
      return type.alias === 'JSON' ? (value) => factory.json(value as string) : (value) => value;
    case DuckDBTypeId.BLOB:
      return (value) => Buffer.from((value as DuckDBBlobValue).bytes).toString('base64');
    case DuckDBTypeId.DATE:
      return (value) => dateText((value as DuckDBDateValue).days);
    case DuckDBTypeId.TIME:
      return (value) => timeText((value as DuckDBTimeValue).micros);
    case DuckDBTypeId.INTERVAL:
      return (value) => intervalText(value as DuckDBIntervalValue);
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return (value) => instantText((value as DuckDBTimestampValue).micros, MICROSECONDS);
    case DuckDBTypeId.TIMESTAMP_MS:
      return (value) => instantText((value as DuckDBTimestampMillisecondsValue).millis * 1_000n, MICROSECONDS);
    case DuckDBTypeId.TIMESTAMP_S:
      return (value) => instantText((value as DuckDBTimestampSecondsValue).seconds * 1_000_000n, MICROSECONDS);
    case DuckDBTypeId.TIMESTAMP_NS:
      return (value) => instantText((value as DuckDBTimestampNanosecondsValue).nanos, NANOSECONDS);
    default:
      return nestedReader(type, factory) ?? String;
  }
}

/** Null for a type that holds no other values. */
function nestedReader(type: DuckDBType, factory: JsonFactory): JsonReader | null {
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.ARRAY: {
      const read = jsonReader((type as DuckDBListType | DuckDBArrayType).valueType, factory);
      return (value) => (value as DuckDBListValue | DuckDBArrayValue).items.map(read);
    }
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as DuckDBStructType;
      const readers = entryTypes.map((each) => jsonReader(each, factory));
      return (value) => {
        const { entries } = value as DuckDBStructValue;
        return Object.fromEntries(entryNames.map((name, index) => [name, readers[index]?.(entries[name] ?? null)]));
      };
    }
    case DuckDBTypeId.MAP: {
      const { keyType, valueType } = type as DuckDBMapType;
      const [readKey, read] = [jsonReader(keyType, factory), jsonReader(valueType, factory)];
      return (value) => {
        const entries = (value as DuckDBMapValue).entries.map(
          (entry) => [readKey(entry.key), read(entry.value)] as const,
        );
        return Object.fromEntries(entries.map(([key, each]) => [keyText(key), each]));
      };
    }
    case DuckDBTypeId.UNION: {
      const { memberTags, memberTypes } = type as DuckDBUnionType;
      const readers = new Map(
        memberTags.map((tag, index) => [tag, jsonReader(memberTypes[index] as DuckDBType, factory)]),
      );
      return (value) => {
        const { tag, value: member } = value as DuckDBUnionValue;
        return readers.get(tag)?.(member);
      };
    }
    case DuckDBTypeId.VARIANT:
      return (value) => {
        const { type: held, value: member } = value as DuckDBVariantValue;
        return held === undefined || member === null ? member : jsonReader(held, factory)(member);
      };
    default:
      return null;
  }
}

const keyText = (key: unknown): string => (typeof key === 'string' ? key : JSON.stringify(key));

const DAY_MS = 86_400_000;
const MICROSECONDS = { perSecond: 1_000_000, digits: 6 };
const NANOSECONDS = { perSecond: 1_000_000_000, digits: 9 };

/** Beyond the dates of JavaScript, the number of days since 1970. */
function dateText(days: number): string {
  const date = new Date(days * DAY_MS);
  return Number.isNaN(date.getTime()) ? `${days} days` : (date.toISOString().split('T', 1)[0] as string);
}

function instantText(
  count: bigint,
  { perSecond, digits }: { readonly perSecond: number; readonly digits: number },
): string {
  const unit = BigInt(perSecond);
  const fraction = ((count % unit) + unit) % unit;
  const date = new Date(Number((count - fraction) / unit) * 1_000);
  if (Number.isNaN(date.getTime())) return `${count} units of 1/${perSecond} s`;
  return `${date.toISOString().slice(0, -'.000Z'.length)}.${String(fraction).padStart(digits, '0')}Z`;
}

function timeText(micros: bigint): string {
  const seconds = Number(micros / 1_000_000n);
  const parts = [Math.trunc(seconds / 3_600), Math.trunc(seconds / 60) % 60, seconds % 60];
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return `${clock}.${String(micros % 1_000_000n).padStart(MICROSECONDS.digits, '0')}`;
}

/** ISO 8601, such as P14M3DT0.500000S. */
function intervalText({ months, days, micros }: DuckDBIntervalValue): string {
  const magnitude = micros < 0n ? -micros : micros;
  const fraction = String(magnitude % 1_000_000n).padStart(MICROSECONDS.digits, '0');
  return `P${months}M${days}DT${micros < 0n ? '-' : ''}${magnitude / 1_000_000n}.${fraction}S`;
}
