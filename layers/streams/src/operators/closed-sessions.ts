import { rowId } from '@bifold/core/engine';

/** Begins the keys of closed sessions in the state, as no name of a window does. */
export const CLOSED_SESSION = '$closed|';

interface Bounds {
  readonly startMs: number;
  /** The time of the last event, plus the gap. */
  readonly endMs: number;
}

/**
 * The sessions of one kind that were emitted. An event that would have been in one is late: a
 * session of its own would overlap the emitted one. A session is forgotten when the watermark alone
 * makes every such event late.
 */
export class ClosedSessions {
  private readonly window: string;
  private readonly gapMs: number;
  private readonly keys = new Map<string, readonly Bounds[]>();

  constructor(window: string, gapMs: number) {
    this.window = window;
    this.gapMs = gapMs;
  }

  add(key: string, bounds: Bounds): void {
    this.keys.set(key, [...(this.keys.get(key) ?? []), bounds]);
  }

  /** Whether an event is at most the gap away from a session of its key. */
  hasNear(key: string, timeMs: number): boolean {
    const sessions = this.keys.get(key) ?? [];
    return sessions.some(({ startMs, endMs }) => timeMs <= endMs && timeMs + this.gapMs >= startMs);
  }

  /** Adds the sessions that a watermark closes, and forgets those that it has made needless. */
  advance(
    watermarkMs: number,
    closed: readonly { readonly key: string; readonly startMs: number; readonly endMs: number | null }[],
    changes: Map<string, string | null>,
  ): void {
    const isNeeded = ({ endMs }: Bounds) => endMs + this.gapMs > watermarkMs;
    for (const [key, sessions] of this.keys) {
      const needed = sessions.filter(isNeeded);
      for (const session of sessions) if (!isNeeded(session)) changes.set(this.idOf(key, session), null);
      if (needed.length === 0) this.keys.delete(key);
      else this.keys.set(key, needed);
    }
    for (const { key, startMs, endMs } of closed) {
      const session = { startMs, endMs: endMs as number };
      if (!isNeeded(session)) continue;
      this.add(key, session);
      changes.set(this.idOf(key, session), String(session.endMs));
    }
  }

  private idOf(key: string, { startMs }: Bounds): string {
    return `${CLOSED_SESSION}${rowId(this.window, startMs, key)}`;
  }
}
