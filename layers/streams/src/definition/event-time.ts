import type { EventTime } from '@bifold/core/engine';

type FieldsOf<E, V> = { [K in keyof E]-?: E[K] extends V ? K : never }[keyof E] & string;

/** The column with the event time: an ISO 8601 text, or a number since 1970. */
export type EventTimeOf<E> =
  | FieldsOf<E, string>
  | { readonly field: FieldsOf<E, number>; readonly unit: 's' | 'ms' | 'us' };

export function eventTimeOf(
  declared: string | { readonly field: string; readonly unit: 's' | 'ms' | 'us' } | undefined,
): EventTime | null {
  if (declared === undefined) return null;
  return typeof declared === 'string' ? { kind: 'dateTime', field: declared } : { kind: 'epoch', ...declared };
}
