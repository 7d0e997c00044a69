import { type Clock, refuseUnknownOptions, type Value } from '@bifold/core/engine';
import { columnOf } from './schema.ts';
import {
  checkLimit,
  type OpenSource,
  type Source,
  type SourceChunk,
  type SourceDescriptor,
  type SourceNode,
  sourceOf,
} from './source.ts';

interface RateNode extends SourceNode {
  readonly kind: 'rate';
  readonly rowsPerSecond: number;
}

/**
 * A row of `rate`.
 *
 * @example
 * const numbers: Source<RateRow> = rate({ rowsPerSecond: 5 });
 */
export interface RateRow {
  /** The time of the row. It is the event time. */
  readonly timestamp: string;
  /** The number of the row, from 0. */
  readonly value: number;
}

const COLUMNS = [columnOf('timestamp', 'timestamp'), columnOf('value', 'integer')];

interface RateOptions {
  /** Rows in each second; 1 by default. */
  readonly rowsPerSecond?: number;
}

/**
 * Generates rows at a constant rate from the first batch on, as in Spark. Each has a time and a
 * number that grows by one.
 *
 * @param options - the rate
 * @throws {DefinitionError} BIFOLD_BAD_LIMIT if the stream reads it and the rate is not a whole
 *   number from 1
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * defineStream({ name: 'numbers', from: rate({ rowsPerSecond: 5 }), sinks: [console()] });
 */
export function rate(options: RateOptions = {}): Source<RateRow> {
  refuseUnknownOptions('rate', options, ['rowsPerSecond']);
  const { rowsPerSecond = 1 } = options;
  return sourceOf<RateRow, RateNode>({
    kind: 'rate',
    rowsPerSecond,
    columns: COLUMNS,
    eventTime: { kind: 'dateTime', field: 'timestamp' },
  });
}

export const rateDescriptor: SourceDescriptor<RateNode> = {
  kind: 'rate',
  check: ({ rowsPerSecond }, where) => checkLimit(where, 'rowsPerSecond', rowsPerSecond),
  fingerprint: ({ kind, rowsPerSecond }) => ({ kind, rowsPerSecond }),
  open: (node, _, { ports }) => rateSource(node, ports.clock),
};

/** Whole seconds since the stream's first batch was planned. */
interface RatePosition {
  readonly [name: string]: unknown;
  readonly startedAtMs: number;
  readonly seconds: number;
}

const ROWS_PER_CHUNK = 10_000;

/** As in Spark: rows missed while the stream was down come with the next batch. */
function rateSource({ rowsPerSecond }: RateNode, clock: Clock): OpenSource {
  return {
    begin: async () => ({ startedAtMs: clock(), seconds: 0 }) satisfies RatePosition,
    available: async (position) => {
      const from = position as RatePosition;
      // If the clock was set back, no row is generated twice.
      const seconds = Math.max(from.seconds, Math.floor((clock() - from.startedAtMs) / 1000));
      return { ...from, seconds };
    },
    bounded: (_, available) => available,
    async *read(from, to): AsyncGenerator<SourceChunk> {
      const { startedAtMs, seconds } = from as RatePosition;
      const end = (to as RatePosition).seconds * rowsPerSecond;
      for (let first = seconds * rowsPerSecond; first < end; first += ROWS_PER_CHUNK) {
        const rows = Array.from({ length: Math.min(ROWS_PER_CHUNK, end - first) }, (_, index): Value[] => {
          const value = first + index;
          return [startedAtMs + Math.floor((value * 1000) / rowsPerSecond), value];
        });
        yield { rows, bad: [] };
      }
    },
    close: async () => undefined,
  };
}
