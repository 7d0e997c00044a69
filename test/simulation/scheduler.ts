import type { Random } from './random.ts';

interface Turn {
  readonly label: string;
  readonly resolve: () => void;
}

/** A process of the simulated world: an invocation, a job, a question. It moves only when the scheduler grants one of its turns. */
export interface Actor {
  readonly name: string;
  readonly kind: string;
  /** Ends it at once: its waiting calls never return, what it held in memory is gone. */
  readonly crashed: () => void;
  alive: boolean;
  done: boolean;
  frozenUntil: number;
  readonly waiting: Turn[];
}

/**
 * Decides which waiting call of which actor proceeds next. Every call of a port awaits a turn first, so any two calls of two actors, or of parallel
 * branches of one, may come in either order. Between turns everything runs to rest: code between two calls is atomic, as it is in one process.
 */
export class Scheduler {
  readonly actors: Actor[] = [];
  steps = 0;
  private readonly random: Random;
  private readonly trace: ((line: string) => void) | null;

  constructor(random: Random, trace: ((line: string) => void) | null) {
    this.random = random;
    this.trace = trace;
  }

  say(line: string): void {
    this.trace?.(`[${this.steps}] ${line}`);
  }

  /** Starts an actor. `failed` is told of the error that ended it; `crashed` if a nemesis did. */
  spawn(
    name: string,
    kind: string,
    body: (actor: Actor) => Promise<void>,
    ends: { readonly failed: (error: unknown) => void; readonly crashed: () => void },
  ): Actor {
    const actor: Actor = { name, kind, alive: true, done: false, frozenUntil: 0, waiting: [], crashed: ends.crashed };
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
    return new Promise((resolve) => actor.waiting.push({ label, resolve }));
  }

  crash(actor: Actor): void {
    actor.alive = false;
    actor.waiting.length = 0;
    this.actors.splice(this.actors.indexOf(actor), 1);
    if (!actor.done) actor.crashed();
  }

  /** Grants one turn. False: nobody waits. A frozen actor is passed over while others wait, unless its time is up. */
  async step(): Promise<boolean> {
    this.steps++;
    let ready = this.actors.filter(({ waiting, frozenUntil }) => waiting.length > 0 && frozenUntil <= this.steps);
    if (ready.length === 0) ready = this.actors.filter(({ waiting }) => waiting.length > 0);
    if (ready.length === 0) return false;
    const actor = this.random.pick(ready);
    const [turn] = actor.waiting.splice(this.random.below(actor.waiting.length), 1) as [Turn];
    this.say(`${actor.name}: ${turn.label}`);
    turn.resolve();
    await this.rest();
    if (actor.done && actor.waiting.length === 0) this.forget(actor);
    return true;
  }

  /** Until every promise that can settle without a turn has settled. */
  rest(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  private end(actor: Actor, how: string): void {
    if (!actor.alive) return;
    actor.done = true;
    this.say(`${actor.name} ${how}`);
    // Calls that it left behind go on by themselves, as requests of a process do that has answered already.
    if (actor.waiting.length === 0) this.forget(actor);
  }

  private forget(actor: Actor): void {
    const index = this.actors.indexOf(actor);
    if (index >= 0) this.actors.splice(index, 1);
  }
}
