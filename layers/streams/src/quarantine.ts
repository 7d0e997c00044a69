import type { Journal } from './checkpoint/journal.ts';
import type { BadRow } from './sources/source.ts';

/** An invalid row, and the batch that read it. */
export interface QuarantinedRow extends BadRow {
  readonly batch: number;
}

const QUARANTINE = 'quarantine.jsonl';

/**
 * The invalid rows of a stream, stored in the checkpoint. They neither stop the stream nor vanish.
 */
export interface Quarantine {
  put(batch: number, rows: readonly BadRow[]): Promise<void>;
}

/**
 * Opens the quarantine, and removes entries of an uncommitted batch, because that batch is
 * repeated.
 */
export async function openQuarantine(journal: Journal, lastCommitted: number): Promise<Quarantine> {
  const lines = await readQuarantine(journal);
  const kept = lines.filter(({ batch }) => batch <= lastCommitted);
  if (kept.length < lines.length) await journal.replace(QUARANTINE, kept);
  return {
    put: (batch, rows) =>
      journal.append(
        QUARANTINE,
        rows.map((row) => ({ batch, ...row })),
      ),
  };
}

export async function readQuarantine(journal: Journal): Promise<readonly QuarantinedRow[]> {
  return (await journal.read(QUARANTINE)) as QuarantinedRow[];
}
