import type { Journal } from './checkpoint/journal.ts';
import type { BadRow } from './sources/source.ts';

/** A row that was set aside, and its batch. */
export interface QuarantinedRow extends BadRow {
  readonly batch: number;
  /** The place in `sinks` of the sink that cannot take the row. Absent if the source refused it. */
  readonly sink?: number;
}

const QUARANTINE = 'quarantine.jsonl';

/**
 * The rows of a stream that were set aside, stored in the checkpoint. They neither stop the stream
 * nor vanish.
 */
export class Quarantine {
  private readonly journal: Journal;
  /** The rows of the batch under way that sinks set aside: their number by sink. */
  private refused: { readonly batch: number; readonly counts: Map<number, number> };

  private constructor(journal: Journal, batch: number, counts: Map<number, number>) {
    this.journal = journal;
    this.refused = { batch, counts };
  }

  /**
   * Opens the quarantine. The batch after the last committed one is repeated, so what its source
   * refused is removed. What a sink refused stays: a sink that has written the batch skips it.
   */
  static async open(journal: Journal, lastCommitted: number): Promise<Quarantine> {
    const lines = await readQuarantine(journal);
    const kept = lines.filter(({ batch, sink }) => batch <= lastCommitted || sink !== undefined);
    if (kept.length < lines.length) await journal.replace(QUARANTINE, kept);
    const counts = new Map<number, number>();
    for (const { batch, sink } of kept)
      if (sink !== undefined && batch > lastCommitted) counts.set(sink, (counts.get(sink) ?? 0) + 1);
    return new Quarantine(journal, lastCommitted + 1, counts);
  }

  /** Stores rows that the source refuses. */
  async put(batch: number, rows: readonly BadRow[]): Promise<void> {
    await this.journal.append(
      QUARANTINE,
      rows.map((row) => ({ batch, ...row })),
    );
  }

  /** Stores the rows of a batch that a sink cannot take, in place of those of an earlier try. */
  async putRefused(batch: number, sink: number, rows: readonly BadRow[]): Promise<void> {
    const counts = this.countsOf(batch);
    const lines = rows.map((row) => ({ batch, sink, ...row }));
    if ((counts.get(sink) ?? 0) === 0) await this.journal.append(QUARANTINE, lines);
    else {
      const others = (await readQuarantine(this.journal)).filter((row) => row.batch !== batch || row.sink !== sink);
      await this.journal.replace(QUARANTINE, [...others, ...lines]);
    }
    counts.set(sink, rows.length);
  }

  /** The number of rows of a batch that sinks could not take. */
  refusedCount(batch: number): number {
    return [...this.countsOf(batch).values()].reduce((sum, count) => sum + count, 0);
  }

  private countsOf(batch: number): Map<number, number> {
    if (this.refused.batch !== batch) this.refused = { batch, counts: new Map() };
    return this.refused.counts;
  }
}

export async function readQuarantine(journal: Journal): Promise<readonly QuarantinedRow[]> {
  return (await journal.read(QUARANTINE)) as QuarantinedRow[];
}
