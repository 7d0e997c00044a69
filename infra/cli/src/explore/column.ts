import { quoted } from '@bifold/core/engine';

export type Kind = 'number' | 'time' | 'category' | 'other';

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

export interface ValueCount {
  readonly value: string;
  readonly count: number;
}

/** The distribution of numbers, or of times as epoch milliseconds. */
export interface Distribution {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly deviation: number | null;
  /** At the ranks of `RANKS`. */
  readonly quantiles: readonly number[];
  /** Values more than 1.5 interquartile ranges beyond the quartiles (Tukey's fences). */
  readonly outliers: { readonly low: number; readonly high: number; readonly below: number; readonly above: number };
  readonly bins: readonly Bin[];
}

export interface ColumnProfile {
  readonly name: string;
  /** The type name of DuckDB. */
  readonly type: string;
  readonly kind: Kind;
  readonly nulls: number;
  readonly distinct: number;
  readonly distribution: Distribution | null;
  /** The most frequent values, for columns with few different numbers and for other types. */
  readonly top: readonly ValueCount[];
}

export function kindOf(type: string): Kind {
  if (/^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL)/.test(type) && !type.endsWith(']')) return 'number';
  if (/^(DATE|TIMESTAMP)/.test(type)) return 'time';
  return type === 'VARCHAR' || type === 'BOOLEAN' ? 'category' : 'other';
}

/** A column as a double: times as epoch milliseconds. NaN and infinities count as null. */
export function numberSql(name: string, type: string): string {
  const column = quoted(name);
  const number =
    type === 'DATE'
      ? `epoch_ms(CAST(${column} AS TIMESTAMP))`
      : kindOf(type) === 'time'
        ? `epoch_ms(${column})`
        : column;
  return `CASE WHEN isfinite(CAST(${number} AS DOUBLE)) THEN CAST(${number} AS DOUBLE) END`;
}
