import type { Clock, Value } from '@bifold/core/engine';
import type { RateNode } from '../definition/source.ts';
import type { OpenSource, SourceChunk } from './source.ts';

/** Whole seconds since the stream's first batch was planned. */
interface RatePosition {
  readonly [name: string]: unknown;
  readonly startedAtMs: number;
  readonly seconds: number;
}

const ROWS_PER_CHUNK = 10_000;

/** As in Spark: rows missed while the stream was down come with the next batch. */
export function rateSource({ rowsPerSecond }: RateNode, clock: Clock): OpenSource {
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
