import { type AnswerRow, canonicalJson, isSameResult } from '@bifold/core/engine';

/** The change of a row between two answers. `before` has its earlier values. */
export type Change =
  | { readonly kind: 'new'; readonly row: AnswerRow }
  | {
      readonly kind: 'changed';
      readonly row: AnswerRow;
      readonly before: AnswerRow['values'];
      readonly columns: readonly string[];
    }
  | { readonly kind: 'gone'; readonly row: AnswerRow };

/** The rows of one query, over successive answers. */
export class WatchedRows {
  private rows = new Map<string, AnswerRow>();
  private changedAt = new Map<string, number>();
  private answers = 0;

  /** The rows that differ from the previous answer; for the first answer, every row. */
  update(rows: readonly AnswerRow[]): readonly Change[] {
    const before = this.rows;
    this.answers++;
    this.rows = new Map(rows.map((row) => [idOf(row), row]));
    const changes: Change[] = [];
    for (const [id, row] of this.rows) {
      const known = before.get(id);
      if (known === undefined) changes.push({ kind: 'new', row });
      else {
        const names = new Set([...Object.keys(row.values), ...Object.keys(known.values)]);
        const columns = [...names].filter((name) => !isSameResult(row.values[name], known.values[name]));
        if (columns.length > 0) changes.push({ kind: 'changed', row, before: known.values, columns });
      }
    }
    // A session that was merged into another one is no longer a row.
    for (const [id, row] of before) if (!this.rows.has(id)) changes.push({ kind: 'gone', row });
    for (const { row, kind } of changes) {
      if (kind === 'gone') this.changedAt.delete(idOf(row));
      else this.changedAt.set(idOf(row), this.answers);
    }
    return changes;
  }

  /**
   * At most `most` rows, in the order of the answer. If there are more, those that changed last.
   */
  latest(most: number): readonly AnswerRow[] {
    const all = [...this.rows];
    if (all.length <= most) return all.map(([, row]) => row);
    const latest = all
      .toSorted(([left], [right]) => (this.changedAt.get(right) ?? 0) - (this.changedAt.get(left) ?? 0))
      .slice(0, most);
    const chosen = new Set(latest.map(([id]) => id));
    return all.filter(([id]) => chosen.has(id)).map(([, row]) => row);
  }
}

function idOf({ key, window }: AnswerRow): string {
  return canonicalJson([key, window.name, window.start]);
}
