import { NEMESES, type Nemesis } from './faults/nemeses.ts';
import type { Sabotage } from './sabotages/sabotage.ts';
import { type Outcome, simulate } from './simulate.ts';

/** A failing run, and the arguments that reproduce it. */
export interface Failure {
  readonly seed: number;
  readonly without: ReadonlySet<Nemesis>;
  readonly sabotage: Sabotage | null;
}

/** The same failure, or another, with nothing in the run that it does not need. */
export interface Shrunk {
  readonly without: ReadonlySet<Nemesis>;
  /** Events that must happen, of how many that did. */
  readonly only: readonly string[];
  readonly of: number;
  readonly failure: string;
  /** The whole run, call by call. */
  readonly trace: readonly string[];
}

/**
 * Leaves out nemeses one by one, then events in ever smaller pieces (Zeller's delta debugging), as
 * long as the run still fails. Streams of chance are independent, so what is left happens as
 * before; a run that fails otherwise is welcome too, since no run may fail.
 */
export async function shrink({ seed, without: given, sabotage }: Failure, secondsMax: number): Promise<Shrunk> {
  const endsAt = performance.now() + secondsMax * 1000;
  let without = given;
  const failing = async (more: ReadonlySet<Nemesis>, only: readonly string[] | null): Promise<Outcome | null> => {
    const outcome = await simulate(seed, { without: more, sabotage, only: only === null ? null : new Set(only) });
    return outcome.failure === null ? null : outcome;
  };
  let smallest = (await failing(without, null)) as Outcome;
  const of = smallest.events.length;
  const leaveOutNemeses = async (only: readonly string[] | null): Promise<void> => {
    for (const nemesis of NEMESES.filter((each) => !without.has(each))) {
      const fewer = new Set([...without, nemesis]);
      const outcome = await failing(fewer, only);
      if (outcome === null || outcome.events.length > smallest.events.length) continue;
      [without, smallest] = [fewer, outcome];
    }
  };
  await leaveOutNemeses(null);
  for (let pieces = 2; performance.now() < endsAt; ) {
    const { events } = smallest;
    const size = Math.ceil(events.length / pieces);
    let found: Outcome | null = null;
    for (let from = 0; from < events.length && found === null && performance.now() < endsAt; from += size) {
      const rest = [...events.slice(0, from), ...events.slice(from + size)];
      const outcome = await failing(without, rest);
      if (outcome !== null && outcome.events.length < events.length) found = outcome;
    }
    if (found !== null) {
      smallest = found;
      pieces = Math.max(2, pieces - 1);
    } else if (size <= 1) break;
    else pieces = Math.min(events.length, pieces * 2);
  }
  // Replicas and timeouts are not events. With few events left, they may be unnecessary.
  await leaveOutNemeses(smallest.events);
  const only = smallest.events;
  const trace: string[] = [];
  await simulate(seed, { without, sabotage, only: new Set(only), trace: (line) => trace.push(line) });
  return { without, only, of, failure: smallest.failure as string, trace };
}
