import { z } from 'zod';
import { count, definePipeline, topic, tumbling } from '../index.ts';
import { type Decoded, decoderOf } from './record.ts';

export const Event = z.object({
  at: z.iso.datetime(),
  city: z.string(),
  fare: z.number().nullable(),
  seats: z.int().optional(),
  price: z.string().meta({ format: 'decimal' }).optional(),
  night: z.boolean(),
  extra: z.unknown(),
});
export const rides = definePipeline({
  name: 'rides',
  from: topic('rides', { schema: Event, schemaVersion: 1, partitionBy: 'city', eventTime: 'at' }),
  groupBy: ['city'],
  windows: { hourly: tumbling('1h') },
  aggregates: { n: count() },
});
export const decode = decoderOf(rides);
export const GOOD = { at: '2013-01-01T10:00:00Z', city: 'New York', fare: 2.5, seats: 4, night: false, extra: null };
export const NAMES = rides.plan.columns.map((column) => column.name);

export const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
export const good = (change: Record<string, unknown>): Buffer => bytes({ ...GOOD, ...change });
/** A good record whose value of `name` is this JSON text. */
export const raw = (name: string, text: string): Buffer => {
  const rest = Object.entries(GOOD).filter(([other]) => other !== name);
  return bytes(`{${rest.map(([other, value]) => `"${other}":${JSON.stringify(value)}`).join(',')},"${name}":${text}}`);
};
export const without = (name: string): Buffer =>
  bytes(Object.fromEntries(Object.entries(GOOD).filter(([other]) => other !== name)));
export const columnValue = (decoded: Decoded, name: string): unknown =>
  decoded.kind === 'event' ? decoded.values[NAMES.indexOf(name)] : decoded;
export const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
