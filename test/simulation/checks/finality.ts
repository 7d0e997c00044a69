import type { Pipeline } from '@bifold/core';
import {
  type Answer,
  type Coverage,
  type FoldedRow,
  foldOf,
  interpret,
  keyText,
  originHeader,
  type Receipt,
  rowAlgebrasOf,
  rowId,
} from '@bifold/core/engine';
import type { History, Lookups } from '../world/history.ts';

/** The expected finality of a receipt, from the log alone, event by event. */
export function finalBeforeDifference(pipeline: Pipeline, history: History, receipt: Receipt): string | null {
  const expected = pipeline.plan.late === undefined ? undefined : expectedBefore(pipeline, history, receipt.coverage);
  if (receipt.finalBefore === expected) return null;
  return `final is what ends by ${receipt.finalBefore}, and the log says ${expected}, over ${JSON.stringify(receipt.coverage)}`;
}

function expectedBefore(pipeline: Pipeline, history: History, coverage: Coverage): string | null {
  const { plan } = pipeline;
  const fold = foldOf(pipeline);
  const { allowedLatenessMs, maxClockSkewMs } = plan.late as NonNullable<typeof plan.late>;
  let least = Number.POSITIVE_INFINITY;
  for (const [partition, ranges] of Object.entries(coverage)) {
    let watermark = Number.NEGATIVE_INFINITY;
    const origins = new Set<string>();
    for (const [offset, slot] of (history[Number(partition)] ?? []).entries()) {
      if (!ranges.some(([start, end]) => start <= offset && offset < end)) break;
      const origin = slot && originHeader(slot.headers);
      if (slot === null || (origin !== null && origins.has(origin))) continue;
      if (origin !== null) origins.add(origin);
      const event = fold.decode(slot.value, slot.headers);
      if (event.kind === 'event')
        watermark = Math.max(watermark, Math.min(event.timeMs, slot.timestampMs + maxClockSkewMs));
    }
    least = Math.min(least, watermark);
  }
  const waits = plan.relay?.join === undefined ? 0 : (plan.relay.join.within?.afterMs ?? Number.POSITIVE_INFINITY);
  const before = least - allowedLatenessMs - waits;
  return Number.isFinite(before) ? new Date(before).toISOString() : null;
}

/** The rows that a deployment returned as final. Later records must not change them. */
export class FinalRows {
  private readonly given = new Map<string, { readonly values: string; readonly partitions: readonly string[] }>();

  get size(): number {
    return this.given.size;
  }

  add({ plan }: Pipeline, pages: readonly Answer[]): void {
    for (const { rows, receipt } of pages) {
      for (const { key, window, values, final } of rows) {
        if (final !== true) continue;
        const columns = keyText(plan.groupBy.map((name) => key[name] ?? null));
        const id = rowId(window.name, Date.parse(window.start as string), columns);
        this.given.set(`${id} until ${window.end}`, {
          values: JSON.stringify(values),
          partitions: Object.keys(receipt.coverage),
        });
      }
    }
  }

  /** The change of a final row by the end of the log; null if all are unchanged. */
  async changed(pipeline: Pipeline, history: History, lookups: Lookups): Promise<string | null> {
    const { view } = rowAlgebrasOf(pipeline.plan);
    const records = history.flatMap((slots) => slots.filter((slot) => slot !== null));
    const folds = new Map<string, ReadonlyMap<string, FoldedRow>>();
    for (const [id, { values, partitions }] of this.given) {
      // A partition without records held nothing back.
      const name = partitions.join(' ');
      let rows = folds.get(name);
      if (rows === undefined) {
        const covered = partitions.map((each) => [each, [[0, history[Number(each)]?.length ?? 0]] as const] as const);
        rows = (await interpret(pipeline, records, Object.fromEntries(covered), lookups)).rows;
        folds.set(name, rows);
      }
      const [place, end] = id.split(' until ') as [string, string];
      const row = rows.get(place);
      const now = row && JSON.stringify(view.present(row.states));
      if (now !== values || new Date(row?.endMs as number).toISOString() !== end)
        return `row ${id} was final with ${values}, and has become ${now} until ${row?.endMs}`;
    }
    return null;
  }
}
