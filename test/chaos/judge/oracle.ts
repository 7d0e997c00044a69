import type { Ledger, Logged } from '../stream/ledger.ts';
import type { Fields, Values, View } from '../stream/views.ts';
import { type CoverageDelta, type Covered, contains, gapsIn, sizeOf } from './ranges.ts';

/** A question to the API, in its own words. */
export interface Question {
  readonly window: string;
  readonly keys?: readonly Fields[];
  readonly from?: string;
  readonly to?: string;
  readonly total?: boolean;
  readonly snapshot?: boolean;
  readonly parts?: boolean;
  readonly limit?: number;
}

export interface Row {
  readonly key: Fields;
  readonly window: { readonly name: string; readonly start: string | null; readonly end: string | null };
  readonly values: Values;
  readonly parts?: { readonly batch: Values | null; readonly speed: Values | null };
  readonly ahead?: readonly CoverageDelta[];
  readonly behind?: readonly CoverageDelta[];
}

export interface Receipt {
  readonly generation: number;
  readonly run: string | null;
  readonly coverage: Covered;
  readonly gaps: Covered;
  readonly offsets: { readonly batch: number; readonly speed: number };
  readonly quarantined: {
    readonly reasons: Readonly<Record<string, number>>;
    readonly behind: readonly CoverageDelta[];
  };
}

export interface Answer {
  readonly rows: readonly Row[];
  readonly receipt: Receipt;
  /** False when the answer has pages that were not asked for. */
  readonly isWhole: boolean;
}

/**
 * The faults of an answer, found by a plain fold over the ledger. Every row must cover exactly the
 * offsets that the receipt and the row name, no row may be missing or extra, and the receipt must
 * add up. The ledger must reach all offsets that the receipt and its rows name.
 * @returns nothing if the answer is right
 */
export function faultsOf(view: View, ledger: Ledger, query: Question, answer: Answer): readonly string[] {
  const faults: string[] = [];
  const { receipt, rows } = answer;
  const { coverage } = receipt;
  const covers =
    (row: Pick<Row, 'ahead' | 'behind'>) =>
    ({ partition, offset }: Logged): boolean => {
      const within = (coverageDeltas: readonly CoverageDelta[] | undefined) =>
        coverageDeltas?.some((one) => one.partition === partition && one.range[0] <= offset && offset < one.range[1]) ??
        false;
      return (contains(coverage, partition, offset) && !within(row.behind)) || within(row.ahead);
    };

  const seen = new Set<string>();
  for (const row of rows) {
    const group = JSON.stringify(view.groupBy.map((name) => row.key[name]));
    const startMs = query.total ? null : Date.parse(row.window.start ?? '');
    const name = rowName(group, startMs);
    if (seen.has(name)) faults.push(`${name} comes twice`);
    seen.add(name);
    const events = eventsOf(view, ledger, query, group, startMs).filter(covers(row));
    const deviates = (row.ahead?.length ?? 0) + (row.behind?.length ?? 0) > 0;
    if (events.length === 0 && !deviates) faults.push(`${name} is answered, and the log has no event of it`);
    else {
      const right = view.fold(events.map(({ event }) => event.fields));
      const wrong = difference(right, row.values);
      if (wrong !== null) faults.push(`${name}: ${wrong}${deviates ? ', ahead or behind' : ''}`);
    }
    if (row.parts !== undefined) {
      const [count = ''] = Object.keys(row.values);
      const parts = (row.parts.batch?.[count] ?? 0) + (row.parts.speed?.[count] ?? 0);
      if (parts !== row.values[count]) faults.push(`${name}: its parts count ${parts}, the row ${row.values[count]}`);
    }
  }
  if (answer.isWhole) {
    for (const name of rowNames(view, ledger, query, covers({})))
      if (!seen.has(name)) faults.push(`${name} is missing`);
  }
  return [...faults, ...faultsOfReceipt(ledger, receipt, covers({ behind: receipt.quarantined.behind }))];
}

function faultsOfReceipt(ledger: Ledger, receipt: Receipt, covers: (logged: Logged) => boolean): readonly string[] {
  const faults: string[] = [];
  const { coverage, gaps, offsets, quarantined } = receipt;
  if (offsets.batch + offsets.speed !== sizeOf(coverage))
    faults.push(`the receipt counts ${offsets.batch} + ${offsets.speed} offsets, and covers ${sizeOf(coverage)}`);
  if (canonical(gaps) !== canonical(gapsIn(coverage)))
    faults.push(`the receipt names gaps ${canonical(gaps)}, and has ${canonical(gapsIn(coverage))}`);
  const reasons: Record<string, number> = {};
  for (const logged of ledger.poison().filter(covers)) {
    const reason = logged.event.poison ?? '';
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  if (canonical(reasons) !== canonical(quarantined.reasons))
    faults.push(`quarantined ${canonical(quarantined.reasons)}, not ${canonical(reasons)}`);
  return faults;
}

/** The farthest offset that an answer names, per partition: none may lie beyond the log. */
export function reachOf({ rows, receipt }: Answer): ReadonlyMap<number, number> {
  const reach = new Map<number, number>();
  const reaches = (partition: number, end: number) => reach.set(partition, Math.max(end, reach.get(partition) ?? 0));
  for (const [partition, ranges] of Object.entries(receipt.coverage))
    for (const [, end] of ranges) reaches(Number(partition), end);
  for (const { ahead = [], behind = [] } of rows)
    for (const { partition, range } of [...ahead, ...behind]) reaches(partition, range[1]);
  return reach;
}

function rowName(group: string, startMs: number | null): string {
  return startMs === null ? group : `${group} ${new Date(startMs).toISOString()}`;
}

const windowStart = (atMs: number, sizeMs: number): number => Math.floor(atMs / sizeMs) * sizeMs;

/**
 * Events of a group that belong to one window, or to all that the question selects by their start.
 */
function eventsOf(
  view: View,
  ledger: Ledger,
  { window, from, to }: Question,
  group: string,
  startMs: number | null,
): readonly Logged[] {
  const sizeMs = view.windowsMs[window] as number;
  const [fromMs, toMs] = [from ? Date.parse(from) : -Infinity, to ? Date.parse(to) : Infinity];
  return ledger.ofGroup(group).filter(({ event }) => {
    const start = windowStart(event.atMs, sizeMs);
    return fromMs <= start && start < toMs && (startMs === null || start === startMs);
  });
}

/** Names of all rows that a whole answer must have. */
function rowNames(
  view: View,
  ledger: Ledger,
  query: Question,
  covers: (logged: Logged) => boolean,
): ReadonlySet<string> {
  const sizeMs = view.windowsMs[query.window] as number;
  const groups = query.keys?.map((key) => JSON.stringify(view.groupBy.map((name) => key[name]))) ?? ledger.groupNames();
  const names = new Set<string>();
  for (const group of groups) {
    for (const logged of eventsOf(view, ledger, query, group, null)) {
      if (covers(logged)) names.add(rowName(group, query.total ? null : windowStart(logged.event.atMs, sizeMs)));
    }
  }
  return names;
}

function difference(right: Values, found: Values): string | null {
  const names = new Set([...Object.keys(right), ...Object.keys(found)]);
  const wrong = [...names].filter((name) => !Object.is(right[name], found[name]));
  return wrong.length === 0 ? null : wrong.map((name) => `${name} is ${found[name]}, not ${right[name]}`).join(', ');
}

function canonical(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1))));
}
