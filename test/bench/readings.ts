/**
 * The events of W1: readings of 1,000 meters, in the order of their times, 184 bytes of JSON each.
 * A pure function of its parameters and an index, so that the producer and the oracle make the same
 * events without keeping them.
 */
export interface Reading {
  readonly key: string;
  /** Epoch milliseconds. */
  readonly ts: number;
  readonly v: number;
}

export interface ReadingsOf {
  readonly seed: number;
  readonly count: number;
  /**
   * Events per second of event time. It decides how many events fall into one window of a key, and
   * so how many rows are written.
   */
  readonly pace: number;
}

export const KEYS = 1_000;
export const PARTITIONS = 4;
export const WINDOW_MS = 10_000;
export const EVENT_BYTES = 184;
/** 2023-11-14T22:13:20Z: a whole window. `| 0` on such a number would wrap to 32 bits. */
const FIRST_MS = 1_700_000_000_000;

/** 32 well-mixed bits of a seed and an index (the finalizer of MurmurHash3, twice). */
function mixed(seed: number, index: number): number {
  let bits = Math.imul(index ^ Math.imul(seed, 0x9e3779b1), 0x85ebca6b);
  for (let round = 0; round < 2; round++) {
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    bits ^= bits >>> 16;
  }
  return bits >>> 0;
}

/**
 * Keys come in a shuffled order, each equally often; values have cents, which doubles cannot hold,
 * so that sums can go wrong.
 */
export function reading({ seed, pace }: Omit<ReadingsOf, 'count'>, index: number): Reading {
  const key = mixed(seed, index) % KEYS;
  const ts = FIRST_MS + Math.floor((index * 1_000) / pace);
  return { key: `k${key}`, ts, v: (mixed(seed + 1, index) % 100_000) / 100 };
}

export function* readings(of: ReadingsOf): Generator<Reading> {
  for (let index = 0; index < of.count; index++) yield reading(of, index);
}

/**
 * The partition of a key. The bench fixes it, so that neither system profits from another
 * partitioner.
 */
export function partitionOf(key: string): number {
  return Number(key.slice(1)) % PARTITIONS;
}

/** The bytes of an event in the topic. */
export function textOf({ key, ts, v }: Reading): string {
  const bare = `{"key":"${key}","ts":${ts},"v":${v},"pad":""}`;
  return `${bare.slice(0, -2)}${'x'.repeat(EVENT_BYTES - bare.length)}"}`;
}
