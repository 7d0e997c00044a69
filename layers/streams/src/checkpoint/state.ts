import type { Journal } from './journal.ts';

/** Changes of operator state, as texts by key. Null deletes a key. */
export type StateChanges = ReadonlyMap<string, string | null>;

interface StateLine {
  readonly batch: number;
  /** True for the first line of a complete state. Lines before it are obsolete. */
  readonly whole?: true;
  readonly put: readonly (readonly [string, string])[];
  readonly drop: readonly string[];
}

const STATE = 'state.jsonl';
const ENTRIES_PER_LINE = 10_000;
/** A change log may grow to this multiple of the state before it is compacted. */
const GROWTH_MAX = 4;
const ENTRIES_MIN = 10_000;

/**
 * The operator state after each batch, as a change log. A change holds the new value of an entry,
 * not a difference, so a repeated batch writes the same.
 */
export class StateLog {
  private readonly journal: Journal;
  private readonly entries: Map<string, string>;
  private logged: number;

  private constructor(journal: Journal, entries: Map<string, string>, logged: number) {
    this.journal = journal;
    this.entries = entries;
    this.logged = logged;
  }

  /** Opens the state after `batch`. Changes of an uncommitted batch are ignored. */
  static async open(journal: Journal, batch: number): Promise<StateLog> {
    const entries = new Map<string, string>();
    let logged = 0;
    const kept: StateLine[] = [];
    const lines = (await journal.read(STATE)) as StateLine[];
    for (const line of lines) {
      if (line.batch > batch) continue;
      kept.push(line);
      if (line.whole) entries.clear();
      for (const [key, value] of line.put) entries.set(key, value);
      for (const key of line.drop) entries.delete(key);
      logged += line.put.length + line.drop.length;
    }
    // Remove the partial lines of a batch. Otherwise they would be read as the start of the
    // repeated batch.
    if (kept.length < lines.length) await journal.replace(STATE, kept);
    return new StateLog(journal, entries, logged);
  }

  all(): Iterable<readonly [string, string]> {
    return this.entries;
  }

  async write(batch: number, changes: StateChanges): Promise<void> {
    if (changes.size === 0) return;
    for (const [key, value] of changes) {
      if (value === null) this.entries.delete(key);
      else this.entries.set(key, value);
    }
    this.logged += changes.size;
    await this.journal.append(STATE, linesOf(batch, changes));
  }

  /** Compacts the change log after a commit, if that makes it much shorter. */
  async compact(batch: number): Promise<void> {
    if (this.logged < ENTRIES_MIN || this.logged < this.entries.size * GROWTH_MAX) return;
    const [first, ...rest] = linesOf(batch, this.entries);
    await this.journal.replace(STATE, [{ ...(first ?? { batch, put: [], drop: [] }), whole: true }, ...rest]);
    this.logged = this.entries.size;
  }
}

function linesOf(batch: number, changes: StateChanges): StateLine[] {
  const all = [...changes];
  return Array.from({ length: Math.ceil(all.length / ENTRIES_PER_LINE) }, (_, index) => {
    const some = all.slice(index * ENTRIES_PER_LINE, (index + 1) * ENTRIES_PER_LINE);
    return {
      batch,
      put: some.flatMap(([key, value]) => (value === null ? [] : [[key, value] as const])),
      drop: some.flatMap(([key, value]) => (value === null ? [key] : [])),
    };
  });
}
