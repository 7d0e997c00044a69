import { messageOf } from '../errors.ts';
import type { Source } from '../kafka/source.ts';
import { showCommitted } from '../state.ts';
import { sleep } from './backoff.ts';
import type { BatchPart } from './batcher.ts';
import type { Session } from './session.ts';

const commitRetryMs = 500;

/**
 * Commits positions that the function has processed. Only one request is in flight, with the newest
 * positions. So positions never go back, and many batches share one request.
 */
export class Committer {
  readonly #session: Session;
  readonly #positions = new Map<number, number>();
  #running: Promise<void> | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Drops the positions of an ended assignment. */
  clear(): void {
    this.#positions.clear();
  }

  add(parts: readonly BatchPart[]): void {
    for (const { partition, nextOffset } of parts) this.#positions.set(partition, nextOffset);
    this.#running ??= this.#commitAll().finally(() => {
      this.#running = null;
    });
  }

  /** Resolves when no commit is in flight. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #commitAll(): Promise<void> {
    const { state, stopping } = this.#session;
    while (this.#positions.size > 0 && this.#session.source !== null) {
      const startedAt = performance.now();
      const isCommitted = await this.#commitOnce(this.#session.source);
      state.stageMs.commit += performance.now() - startedAt;
      if (isCommitted) continue;
      if (stopping.aborted) return;
      await sleep(commitRetryMs, stopping);
    }
  }

  /**
   * Returns false if the commit must be repeated. Positions of an ended assignment are not
   * repeated.
   */
  async #commitOnce(source: Source): Promise<boolean> {
    const { assignment, mapping, state, log } = this.#session;
    const positions = new Map(this.#positions);
    this.#positions.clear();
    try {
      await source.commit(positions);
      if (assignment === this.#session.assignment) showCommitted(state, positions);
      return true;
    } catch (error) {
      if (assignment !== this.#session.assignment) return true;
      for (const [partition, position] of positions) {
        if (!this.#positions.has(partition)) this.#positions.set(partition, position);
      }
      log('warn', 'a commit failed', { mapping: mapping.uuid, reason: messageOf(error) });
      return false;
    }
  }
}
