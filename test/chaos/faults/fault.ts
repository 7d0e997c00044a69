import type { Random } from '../../simulation/random.ts';
import type { Stream } from '../stream/driver.ts';
import type { Link, World } from '../world/world.ts';

/** A part that a fault uses: two concurrent faults never use the same one. */
export type Part = 'services' | 'speed' | 'query' | 'batch' | 'mappings' | 'producer' | Link;

/** The effect of a fault. A fault that hit no traffic is reported as missed. */
export interface Strike {
  readonly hit: boolean;
  /** The traffic that it hit, in figures. */
  readonly what: string;
}

export interface Fault {
  readonly kind: string;
  readonly holds: readonly Part[];
  /**
   * Strikes, and returns when what it broke was lifted, or repaired as a user would. @throws when
   * that is not possible
   */
  strike(world: World, stream: Stream, random: Random): Promise<Strike>;
}

export const missed = (what: string): Strike => ({ hit: false, what });
export const hit = (what: string): Strike => ({ hit: true, what });
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;
