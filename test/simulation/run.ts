import { BifoldError } from '@bifold/core';
import { NEMESES, type Nemesis } from './faults/nemeses.ts';
import { NoAnswer } from './ports/index.ts';
import { type Random, randomOf } from './random.ts';
import type { Sabotage } from './sabotages/sabotage.ts';
import { type Actor, Scheduler } from './world/scheduler.ts';

export interface SimulationOptions {
  /** Nemeses that are disabled for every seed. */
  readonly without?: ReadonlySet<Nemesis>;
  /** Only these of the drawn events happen. */
  readonly only?: ReadonlySet<string> | null;
  readonly sabotage?: Sabotage | null;
  readonly trace?: ((line: string) => void) | null;
}

/**
 * An event of a round, with a separate random stream: leaving one out changes nothing in the
 * others.
 */
export interface Happening {
  readonly id: string;
  readonly random: Random;
}

/** Errors that a caller may get although nothing is wrong. */
const EXPECTED = [
  'BIFOLD_OTHER_TOPIC_ID',
  'BIFOLD_TOPIC_GONE',
  'BIFOLD_LOG_BEHIND',
  'BIFOLD_MOVED_ON',
  'BIFOLD_CURSOR_EXPIRED',
  'BIFOLD_LOST_BEFORE_DUPLICATES',
  'BIFOLD_NOTHING_COVERED',
  'BIFOLD_ALIAS_CONTESTED',
];

/** And what it may meet from the moment on at which the database was emptied. */
const EXPECTED_EMPTIED = [
  'BIFOLD_VIEW_LOST',
  'BIFOLD_LOOKUP_EMPTY',
  'BIFOLD_LOOKUP_GONE',
  'BIFOLD_NOT_EMPTY',
  'BIFOLD_PLAN_MISSING',
];

/** Turns after which a world without nemeses must be at rest. */
const TURNS_TO_REST_MAX = 50_000;

/** One run of one seed: its chance, its time, its scheduler, and the books that are kept of it. */
export class Run {
  readonly seed: number;
  readonly sabotage: Sabotage;
  readonly nemeses: ReadonlySet<Nemesis>;
  readonly scheduler: Scheduler;
  /** The events, in order, each as `round.kind`. */
  readonly events: string[] = [];
  readonly counts: Record<string, number> = {};
  round = 0;
  /** The database lost everything, at some time. */
  wasEmptied = false;
  /** From now on no nemesis strikes. */
  calm = false;
  /** The first one. */
  failure: string | null = null;
  /** The event time of produced events. */
  eventTimeMs = 1_000_000;
  /** The clock of the machines: it jumps. */
  watermarkMs = 1_700_000_000_000;
  private readonly only: ReadonlySet<string> | null;
  private ids = 0;

  constructor(seed: number, { without = new Set(), only = null, sabotage = null, trace = null }: SimulationOptions) {
    this.seed = seed;
    this.sabotage = sabotage ?? { name: 'none', rule: 0, breaks: '' };
    const chosen = randomOf(seed, 'nemeses');
    this.nemeses = new Set(NEMESES.filter((nemesis) => chosen.chance(0.65) && !without.has(nemesis)));
    this.only = only;
    this.scheduler = new Scheduler(seed, trace);
  }

  /** An event of this round with this probability; null if it does not happen. */
  happening(kind: string, probability: number): Happening | null {
    return this.drawn(`${this.round}.${kind}`, probability);
  }

  /** An event that follows another at once, with this probability; never in a calm world. */
  followUp({ id }: Happening, kind: string, probability: number): Happening | null {
    return this.calm ? null : this.drawn(`${id}.${kind}`, probability);
  }

  private drawn(id: string, probability: number): Happening | null {
    const random = randomOf(this.seed, id);
    if (!random.chance(probability) || this.only?.has(id) === false) return null;
    this.events.push(id);
    return { id, random };
  }

  /** A nemesis strikes in this round, or does not: null. */
  strikes(nemesis: Nemesis, probability: number): Happening | null {
    if (this.calm || !this.nemeses.has(nemesis)) return null;
    const happening = this.happening(nemesis, probability);
    if (happening !== null) this.count(nemesis);
    return happening;
  }

  /** An event that always happens in the calm world. */
  certain(): Happening {
    this.ids++;
    return { id: `calm.${this.ids}`, random: randomOf(this.seed, `calm.${this.ids}`) };
  }

  /** Starts an actor. Expected errors end it alone; any other error is a failure of the run. */
  start(
    id: string,
    name: string,
    kind: string,
    body: (actor: Actor) => Promise<void>,
    ends: { readonly failed?: () => void; readonly crashed?: () => void } = {},
  ): void {
    this.count(kind);
    this.scheduler.spawn(
      id,
      name,
      kind,
      async (actor) => {
        await this.scheduler.turn(actor, 'begins');
        await body(actor);
      },
      {
        failed: (error) => {
          ends.failed?.();
          this.count(`${kind} failed`);
          const expected = error instanceof NoAnswer || (error instanceof BifoldError && this.mayMeet(error.code));
          if (!expected) this.fail(`${name} fails: ${error instanceof Error ? error.stack : String(error)}`);
        },
        crashed: () => ends.crashed?.(),
      },
    );
  }

  private mayMeet(code: string): boolean {
    return EXPECTED.includes(code) || (this.wasEmptied && EXPECTED_EMPTIED.includes(code));
  }

  /** Waits until no call is in flight. */
  async drain(): Promise<void> {
    for (let turns = 0; this.failure === null; turns++) {
      if (!(await this.scheduler.step())) return;
      if (turns > TURNS_TO_REST_MAX) this.fail('the calm world never comes to rest');
    }
  }

  say(line: string): void {
    this.scheduler.say(line);
  }

  fail(failure: string): void {
    this.failure ??= failure;
    this.say(`FAILURE ${failure}`);
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  freshId(kind: string): string {
    this.ids++;
    return `${kind}-${this.seed}-${this.ids}`;
  }
}
