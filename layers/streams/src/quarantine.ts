import type { Journal } from './checkpoint/journal.ts';
import type { BadRow } from './sources/source.ts';

/** A row that could not be read, and the batch that met it. */
export interface QuarantinedRow extends BadRow {
  readonly batch: number;
}

const QUARANTINE = 'quarantine.jsonl';

/** Bad rows, set aside in the checkpoint: they neither stop a stream nor vanish. */
export interface Quarantine {
  put(batch: number, rows: readonly BadRow[]): Promise<void>;
}

/** Entries of a batch that was not committed are removed again: the batch will be repeated. */
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
