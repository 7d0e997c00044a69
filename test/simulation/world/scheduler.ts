import { type Random, randomOf } from '../random.ts';

/** A call that waits to proceed, and when it does. */
interface Turn {
  readonly label: string;
  readonly due: number;
  readonly resolve: () => void;
}

/** A write without an acknowledgement, which will apply later. */
interface LateWrite {
  readonly label: string;
  readonly due: number;
  readonly apply: () => Promise<unknown>;
}

/**
 * A process of the simulated world: an invocation, a job, a question. It moves only when the
 * scheduler grants one of its turns.
 */
export interface Actor {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  /** Ends the actor at once: its waiting calls never return, and its memory is lost. */
  readonly crashed: () => void;
  /**
   * All chance that its calls meet: what happens to one actor does not depend on what others draw.
   */
  readonly random: Random;
  alive: boolean;
  done: boolean;
  frozenUntil: number;
  readonly waiting: Turn[];
}

/** Rounds that a late write is on its way, in the mean. */
const LATE_ROUNDS = 6;

/**
 * Decides which waiting call of which actor proceeds next. Every call of a port first awaits a
 * turn. So any two calls of two actors, or of parallel branches of one, may come in either order.
 * Between turns everything runs to rest: code between two calls is atomic, as it is in one process.
 *
 * Time is counted in rounds. Each call waits for a time drawn from an exponential distribution. So
 * each waiting call is equally likely to be the next, and leaving an actor out moves no call of the
 * others. A run can then be shrunk and still fail in the same way.
 */
export class Scheduler {
  readonly actors: Actor[] = [];
  steps = 0;
  now = 0;
  private lateWrites: LateWrite[] = [];
  private readonly seed: number;
  private readonly trace: ((line: string) => void) | null;

  constructor(seed: number, trace: ((line: string) => void) | null) {
    this.seed = seed;
    this.trace = trace;
  }

  say(line: string): void {
    this.trace?.(`[${this.now.toFixed(2)}] ${line}`);
  }

  /**
   * Starts an actor; `id` names its random stream. `failed` gets the error that ended it; `crashed`
   * is called if a nemesis did.
   */
  spawn(
    id: string,
    name: string,
    kind: string,
    body: (actor: Actor) => Promise<void>,
    ends: { readonly failed: (error: unknown) => void; readonly crashed: () => void },
  ): Actor {
    const random = randomOf(this.seed, `actor ${id}`);
    const { crashed } = ends;
    const actor: Actor = { id, name, kind, crashed, random, alive: true, done: false, frozenUntil: 0, waiting: [] };
    this.actors.push(actor);
    this.say(`start ${name}`);
    body(actor).then(
      () => this.end(actor, 'ends'),
      (error: unknown) => {
        ends.failed(error);
        this.end(actor, `fails: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
    return actor;
  }

  turn(actor: Actor, label: string): Promise<void> {
    if (!actor.alive) return new Promise(() => undefined);
    const due = this.now + exponential(actor.random);
    return new Promise((resolve) => actor.waiting.push({ label, due, resolve }));
  }

  crash(actor: Actor): void {
    actor.alive = false;
    actor.waiting.length = 0;
    this.actors.splice(this.actors.indexOf(actor), 1);
    if (!actor.done) actor.crashed();
  }

  /** A write that applies when it arrives, some rounds from now. */
  sendLate(actor: Actor, label: string, apply: () => Promise<unknown>): void {
    this.lateWrites.push({ label, due: this.now + LATE_ROUNDS * exponential(actor.random), apply });
  }

  /** Lets time pass up to then, when nothing is due before it. */
  passTo(time: number): void {
    this.now = Math.max(this.now, time);
  }

  /**
   * Grants the next due turn, or applies a late write that is due earlier. Returns false if none is
   * due yet.
   */
  async step(until = Number.POSITIVE_INFINITY): Promise<boolean> {
    let next: { readonly due: number; readonly actor: Actor; readonly turn: Turn } | null = null;
    for (const actor of this.actors) {
      for (const turn of actor.waiting) {
        const due = Math.max(turn.due, actor.frozenUntil);
        if (due <= until && (next === null || due < next.due)) next = { due, actor, turn };
      }
    }
    const late = this.lateWrites.reduce<LateWrite | null>(
      (first, write) => (write.due <= until && (first === null || write.due < first.due) ? write : first),
      null,
    );
    if (late !== null && (next === null || late.due < next.due)) {
      this.lateWrites = this.lateWrites.filter((write) => write !== late);
      this.now = Math.max(this.now, late.due);
      this.say(`late: ${late.label}`);
      await late.apply();
      return true;
    }
    if (next === null) return false;
    const { actor, turn, due } = next;
    this.steps++;
    this.now = Math.max(this.now, due);
    actor.waiting.splice(actor.waiting.indexOf(turn), 1);
    this.say(`${actor.name}: ${turn.label}`);
    turn.resolve();
    await this.rest();
    if (actor.done && actor.waiting.length === 0) this.forget(actor);
    return true;
  }

  /** Waits until every promise that needs no turn has settled. */
  rest(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  private end(actor: Actor, how: string): void {
    if (!actor.alive) return;
    actor.done = true;
    this.say(`${actor.name} ${how}`);
    // Unfinished calls continue, like requests of a process that has already answered.
    if (actor.waiting.length === 0) this.forget(actor);
  }

  private forget(actor: Actor): void {
    const index = this.actors.indexOf(actor);
    if (index >= 0) this.actors.splice(index, 1);
  }
}

/** The waiting time of a call in rounds: one on average, independent of other calls. */
function exponential(random: Random): number {
  return -Math.log(1 - random.next());
}
