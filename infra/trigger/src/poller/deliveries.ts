import type { Invoke, InvokeResult } from '../invoke.ts';
import { countInvoked, countRedelivered, showDelivered, showFailure, showInvoked } from '../state.ts';
import { type Backoff, delayMs, sleep } from './backoff.ts';
import type { Batch } from './batcher.ts';
import type { Session } from './session.ts';

export interface DeliveryPorts {
  readonly invoke: Invoke;
  readonly random: () => number;
  readonly retry: Backoff;
}

/** The running invocations of one mapping. A partition has at most one, even across assignments. */
export class Deliveries {
  readonly #session: Session;
  readonly #ports: DeliveryPorts;
  readonly #onSucceeded: (batch: Batch) => void;
  readonly #busy = new Set<number>();
  readonly #running = new Set<Promise<void>>();
  readonly #givingUp = new AbortController();

  /** `onSucceeded` is called only for batches of the current assignment. */
  constructor(session: Session, ports: DeliveryPorts, onSucceeded: (batch: Batch) => void) {
    this.#session = session;
    this.#ports = ports;
    this.#onSucceeded = onSucceeded;
  }

  get count(): number {
    return this.#running.size;
  }

  isBusy(partition: number): boolean {
    return this.#busy.has(partition);
  }

  /** Invokes the function with a batch until it succeeds or the assignment ends. */
  start(batch: Batch, onEnd: () => void): void {
    for (const { partition } of batch.parts) this.#busy.add(partition);
    const delivery = this.#deliver(batch).finally(() => {
      this.#running.delete(delivery);
      for (const { partition } of batch.parts) this.#busy.delete(partition);
      onEnd();
    });
    this.#running.add(delivery);
  }

  /** Waits for running invocations. After `graceMs` it abandons them without a commit. */
  async stop(graceMs: number): Promise<void> {
    const giveUp = setTimeout(() => this.#givingUp.abort(), graceMs);
    await Promise.allSettled([...this.#running]);
    clearTimeout(giveUp);
  }

  async #deliver(batch: Batch): Promise<void> {
    const { assignment, state, stopping } = this.#session;
    const { retry, random } = this.#ports;
    const payload = Buffer.concat(batch.chunks, batch.sizeBytes);
    state.invocationsInFlight += 1;
    try {
      for (let failures = 0; ; ) {
        if (failures > 0) countRedelivered(state, batch);
        const result = await this.#invoke(payload);
        if (result.kind === 'succeeded') return this.#succeed(batch, assignment);
        failures += 1;
        this.#fail(batch, failures, result);
        if (result.failure !== 'aborted') await sleep(delayMs(retry, failures, random), stopping);
        // Uncommitted, so the records are delivered again, to the next owner of the partition, from
        // the committed offset.
        if (stopping.aborted || assignment !== this.#session.assignment) return;
      }
    } finally {
      state.invocationsInFlight -= 1;
      showDelivered(state, batch);
    }
  }

  async #invoke(payload: Buffer): Promise<InvokeResult> {
    const { mapping, state } = this.#session;
    const startedAt = performance.now();
    state.invocations += 1;
    const result = await this.#ports.invoke(mapping.functionArn, payload, this.#givingUp.signal);
    state.stageMs.invoke += performance.now() - startedAt;
    return result;
  }

  #fail(batch: Batch, failures: number, { failure, message }: Extract<InvokeResult, { kind: 'failed' }>): void {
    const { mapping, state, log } = this.#session;
    const isAborted = failure === 'aborted';
    showFailure(state, `PROBLEM: ${failure}: ${message}`, isAborted);
    // Log repeated failures only at powers of two.
    if (isAborted || !Number.isInteger(Math.log2(failures))) return;
    log('warn', 'a batch failed', {
      mapping: mapping.uuid,
      failures,
      failure,
      reason: message,
      parts: batch.parts,
    });
  }

  #succeed(batch: Batch, assignment: number): void {
    const { state } = this.#session;
    showInvoked(state, batch);
    // After the assignment ended, the position may belong to another member. The batch is delivered
    // again there (at least once).
    if (assignment !== this.#session.assignment) return;
    countInvoked(state, batch);
    this.#onSucceeded(batch);
  }
}
