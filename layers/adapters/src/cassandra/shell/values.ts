import cassandra from 'cassandra-driver';
import { ExactText } from './exact-values.ts';

/** A value of the driver as JSON that keeps every digit. */
export function jsonOf(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return value;
  if (value instanceof ExactText) return value.text;
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
  if (Array.isArray(value) || value instanceof Set) return [...value].map(jsonOf);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [keyOf(key), jsonOf(each)]));
  if (value instanceof cassandra.types.Tuple) return value.values().map(jsonOf);
  if (value instanceof cassandra.types.Vector) return value.elements.map(jsonOf);
  // A duration of zero has no units to print.
  if (value instanceof cassandra.types.Duration) return String(value) || '0s';
  // User-defined types are plain objects. The driver's scalar types have a text form.
  if (Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, jsonOf(each)]));
  return String(value);
}

/** Names in JSON are texts: keys that are tuples or collections become their JSON. */
function keyOf(key: unknown): string {
  const json = jsonOf(key);
  return typeof json === 'object' ? JSON.stringify(json) : String(json);
}
