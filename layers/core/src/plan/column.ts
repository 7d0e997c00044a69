/**
 * The type of a column on the wire. `integer` is a whole number within ±(2^53 - 1), `double` a
 * finite IEEE-754 number, `timestamp` an ISO 8601 text kept as epoch milliseconds. `decimal` is a
 * text of an exact number (`decimal.ts`). `json` is anything else. It is archived unchanged, and
 * expressions, keys and aggregates cannot use it.
 */
export type ColumnType = 'integer' | 'double' | 'text' | 'boolean' | 'timestamp' | 'decimal' | 'json';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /**
   * The type of an item, for a `json` column that holds arrays of texts, numbers or booleans of one
   * type.
   */
  readonly items?: { readonly type: 'integer' | 'double' | 'text' | 'boolean'; readonly nullable: boolean };
}

/** Units of an event time that is a number. */
export type EpochUnit = 's' | 'ms' | 'us';

/** The event time of a record: a date-time field, or a number since the epoch with its unit. */
export type EventTime =
  | { readonly kind: 'dateTime'; readonly field: string }
  | { readonly kind: 'epoch'; readonly field: string; readonly unit: EpochUnit };
