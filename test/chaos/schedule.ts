import { type Random, randomOf } from '../simulation/random.ts';
import type { Fault } from './faults/index.ts';

/** The share of rounds in which two faults strike at once, if two can. */
const TOGETHER = 0.7;

export interface Round {
  readonly faults: readonly Fault[];
  /** A separate random stream, so that one fault's draws do not change the next rounds. */
  readonly random: Random;
}

/** Endless rounds, determined by a seed. Each round contains every kind once. */
export function* roundsOf(seed: number, faults: readonly Fault[]): Generator<Round> {
  const random = randomOf(seed, 'schedule');
  let deck: Fault[] = [];
  for (let round = 1; ; round++) {
    if (deck.length === 0) deck = random.shuffled(faults);
    const first = deck.shift() as Fault;
    const together = random.chance(TOGETHER)
      ? deck.findIndex(({ holds }) => !holds.some((part) => first.holds.includes(part)))
      : -1;
    yield {
      faults: together < 0 ? [first] : [first, ...deck.splice(together, 1)],
      random: randomOf(seed, `round ${round}`),
    };
  }
}
