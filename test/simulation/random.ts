/**
 * All chance of a run. Streams of one seed are independent by name, so that switching one nemesis
 * off leaves the draws of the others as they are.
 */
export interface Random {
  /** A number in `[0, 1)`. */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number in `[0, below)`. */
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
  shuffled<T>(items: readonly T[]): T[];
}

/** Mulberry32, seeded by FNV-1a of the seed and the stream's name. */
export function randomOf(seed: number, stream: string): Random {
  let state = 0x811c9dc5;
  for (const unit of `${seed}/${stream}`) state = Math.imul(state ^ unit.charCodeAt(0), 0x01000193);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    shuffled: (items) => {
      const mixed = items.slice();
      for (let index = mixed.length - 1; index > 0; index--) {
        const other = below(index + 1);
        [mixed[index], mixed[other]] = [mixed[other] as (typeof mixed)[number], mixed[index] as (typeof mixed)[number]];
      }
      return mixed;
    },
  };
}

/**
 * Picks one of the items, with a separate draw for each. If items are added or removed, the same
 * one is picked as long as it exists.
 */
export function pickByName<T>(seed: number, stream: string, items: readonly T[], nameOf: (item: T) => string): T {
  const drawn = items.map((item) => ({ item, draw: randomOf(seed, `${stream} ${nameOf(item)}`).next() }));
  return drawn.reduce((least, each) => (each.draw < least.draw ? each : least)).item;
}
