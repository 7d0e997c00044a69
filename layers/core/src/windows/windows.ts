import { type RowAlgebras, type States, timesOf } from '../fold/row.ts';
import type { SlidingWindow, Window, WindowPlan } from '../plan/window.ts';
import type { RowPosition } from '../ports/scope.ts';
import {
  type CoverageDelta,
  type MergedRow,
  mergePane,
  mergeStates,
  mergeTotal,
  type OpenSegment,
  type RowParts,
} from '../query/answer.ts';
import { calendarEndMs, calendarPaneOf } from './calendar.ts';
import { floorTo, isAssembledFromPanes } from './panes.ts';

/**
 * The windows that a query selects: by their start, in `[fromMs, toMs)`. With `total`, one row per
 * key over all of them.
 */
export interface WindowRange {
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly total: boolean;
}

interface TimeRange {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/**
 * The end of a window that begins at a time, exclusive, in epoch milliseconds. Null if its events
 * decide the end, or if it has none.
 */
export function windowEndMs(window: Window, startMs: number): number | null {
  if (window.kind === 'calendar') return calendarEndMs(window, startMs);
  return window.kind === 'tumbling' || window.kind === 'sliding' ? startMs + window.sizeMs : null;
}

/**
 * The starts of the windows that contain a time, ascending. It is the reference definition of a
 * window, without panes. Sessions have no such starts.
 */
export function windowStartsOf(window: Window): (timeMs: number) => readonly number[] {
  switch (window.kind) {
    case 'tumbling': {
      const { sizeMs, offsetMs = 0 } = window;
      return (timeMs) => [floorTo(timeMs, sizeMs, offsetMs)];
    }
    case 'sliding': {
      const { sizeMs, slideMs, offsetMs = 0 } = window;
      return (timeMs) => {
        const starts: number[] = [];
        for (let start = floorTo(timeMs, slideMs, offsetMs); start + sizeMs > timeMs; start -= slideMs)
          starts.unshift(start);
        return starts;
      };
    }
    case 'calendar': {
      const startOf = calendarPaneOf(window);
      return (timeMs) => [startOf(timeMs)];
    }
    case 'session':
      return () => [];
    case 'running':
      return () => [0];
  }
}

/** The panes that must be read for some windows. */
export function paneRange(window: WindowPlan, { fromMs, toMs, total }: WindowRange): TimeRange {
  switch (window.kind) {
    case 'tumbling':
    case 'calendar':
      return { fromMs, toMs };
    case 'sliding': {
      const first = total ? firstStart(window, fromMs) : fromMs;
      if (toMs === null) return { fromMs: first, toMs };
      const last = lastStart(window, toMs);
      // If the range is shorter than a step, it may contain no window start. Then nothing may be
      // read, or a total would count it.
      return { fromMs: first, toMs: first !== null && last < first ? first : last + window.sizeMs };
    }
    // The start of a session depends on the events before it; a running total has one pane.
    case 'session':
    case 'running':
      return { fromMs: null, toMs: null };
  }
}

function firstStart({ slideMs, offsetMs = 0 }: SlidingWindow, fromMs: number | null): number | null {
  return fromMs === null ? null : floorTo(fromMs + slideMs - 1, slideMs, offsetMs);
}

function lastStart({ slideMs, offsetMs = 0 }: SlidingWindow, toMs: number): number {
  return floorTo(toMs - 1, slideMs, offsetMs);
}

/**
 * The rows of an answer, merged from the panes of a bucket in the order of the tables. Panes are
 * assembled into windows, or into one total per key. `after` is the position of the last row of the
 * previous page.
 */
export async function* mergeWindows(
  algebras: RowAlgebras,
  window: WindowPlan,
  range: WindowRange,
  panes: AsyncIterable<RowParts>,
  after: RowPosition | null,
): AsyncGenerator<MergedRow> {
  if (!range.total && !isAssembledFromPanes(window)) {
    for await (const pane of panes)
      yield { ...mergePane(algebras.view, pane), endMs: windowEndMs(window, pane.startMs) };
    return;
  }
  for await (const [key, keyPanes] of byKey(panes)) {
    const isWanted = ({ startMs }: { readonly startMs: number }): boolean =>
      (range.fromMs === null || startMs >= range.fromMs) &&
      (range.toMs === null || startMs < range.toMs) &&
      (after === null || after.key !== key || startMs > after.startMs);
    switch (window.kind) {
      case 'session': {
        const { rows, behind } = sessionsOf(algebras, window.gapMs, key, window.name, keyPanes);
        const sessions = rows.filter(isWanted);
        // If excluding this key's incomplete segments leaves no session in the range, emit an empty
        // row marked `behind`, so that the gap is visible.
        const visible = keyPanes.find(
          ({ startMs }) =>
            (range.fromMs === null || startMs + window.gapMs > range.fromMs) &&
            (range.toMs === null || startMs < range.toMs),
        );
        if (sessions.length === 0 && behind.length > 0 && visible !== undefined)
          sessions.push(
            emptySession(
              { key, window: window.name, startMs: Math.max(visible.startMs, range.fromMs ?? visible.startMs) },
              algebras.view.empty,
              behind,
            ),
          );
        if (range.total) yield* totalOfSessions(algebras, sessions);
        else yield* sessions;
        break;
      }
      case 'sliding':
        if (range.total) yield totalOf(algebras, key, window.name, keyPanes);
        else for (const row of slidingOf(algebras, window, key, keyPanes)) if (isWanted(row)) yield row;
        break;
      case 'tumbling':
      case 'calendar':
      case 'running':
        yield totalOf(algebras, key, window.name, keyPanes);
    }
  }
}

/** Groups panes by key. */
async function* byKey(
  panes: AsyncIterable<RowParts>,
): AsyncGenerator<readonly [key: string, panes: readonly RowParts[]]> {
  let keyPanes: RowParts[] = [];
  for await (const pane of panes) {
    const [first] = keyPanes;
    if (first !== undefined && first.key !== pane.key) {
      yield [first.key, keyPanes];
      keyPanes = [];
    }
    keyPanes.push(pane);
  }
  if (keyPanes[0] !== undefined) yield [keyPanes[0].key, keyPanes];
}

function totalOf(algebras: RowAlgebras, key: string, window: string, panes: readonly RowParts[]): MergedRow {
  return { ...mergeTotal(algebras.view, key, window, (panes[0] as RowParts).startMs, panes), endMs: null };
}

/** Every window that contains a pane, in order. */
function* slidingOf(
  { view }: RowAlgebras,
  window: { readonly name: string } & SlidingWindow,
  key: string,
  panes: readonly RowParts[],
): Generator<MergedRow> {
  const { sizeMs, slideMs, offsetMs = 0 } = window;
  let startMs = Number.NEGATIVE_INFINITY;
  let first = 0;
  for (const pane of panes) {
    // The first window that contains this pane and was not returned yet.
    const least = floorTo(pane.startMs - sizeMs, slideMs, offsetMs) + slideMs;
    for (startMs = Math.max(startMs, least); startMs <= pane.startMs; startMs += slideMs) {
      while ((panes[first] as RowParts).startMs < startMs) first++;
      let end = first;
      while (end < panes.length && (panes[end] as RowParts).startMs < startMs + sizeMs) end++;
      yield { ...mergeTotal(view, key, window.name, startMs, panes.slice(first, end)), endMs: startMs + sizeMs };
    }
  }
}

/**
 * The reference implementation of sessions, without panes: events of one key that are at most a gap
 * apart.
 */
export function* sessionsOfEvents<Event extends { readonly timeMs: number }>(
  events: readonly Event[],
  gapMs: number,
): Generator<{ readonly startMs: number; readonly endMs: number; readonly events: readonly Event[] }> {
  const sorted = events.toSorted((left, right) => left.timeMs - right.timeMs);
  for (let first = 0, next = 1; first < sorted.length; next++) {
    const last = sorted[next - 1] as Event;
    const following = sorted[next];
    if (following !== undefined && following.timeMs - last.timeMs <= gapMs) continue;
    yield { startMs: (sorted[first] as Event).timeMs, endMs: last.timeMs + gapMs, events: sorted.slice(first, next) };
    first = next;
  }
}

/** A session under construction: a run of panes so far. */
interface Session {
  startMs: number;
  lastMs: number;
  batch: States | null;
  speed: States | null;
}

/**
 * The sessions of one key. Panes that are ahead of the receipt by different offsets would form
 * sessions of no real log. So a segment in which any pane of the key is ahead is excluded for the
 * whole key, and its sessions are behind the receipt there. If that leaves no session, an empty row
 * marks the gap.
 */
function sessionsOf(
  { timed, view }: RowAlgebras,
  gapMs: number,
  key: string,
  window: string,
  panes: readonly RowParts[],
): { readonly rows: readonly MergedRow[]; readonly behind: readonly CoverageDelta[] } {
  const excluded = new Set<OpenSegment>();
  for (const { fragments } of panes)
    for (const [segment, { lastOffset }] of fragments) if (lastOffset >= segment.next) excluded.add(segment);
  const behind = Array.from(
    excluded,
    ({ partition, start, next }): CoverageDelta => ({ partition, range: [start, next] }),
  );
  behind.sort((one, other) => one.partition - other.partition || one.range[0] - other.range[0]);

  const sessions: Session[] = [];
  const hidden: { readonly startMs: number; readonly firstMs: number; readonly lastMs: number }[] = [];
  for (const pane of panes) {
    const known = pane.fragments.filter(([segment]) => !excluded.has(segment));
    if (pane.batch === null && known.length === 0) {
      hidden.push({ startMs: pane.startMs, ...timesOf(timed, mergePane(timed, pane).states) });
      continue;
    }
    const { batch, speed, states } = mergePane(timed, { ...pane, fragments: known });
    const { firstMs, lastMs } = timesOf(timed, states);
    const last = sessions.at(-1);
    if (last !== undefined && firstMs - last.lastMs <= gapMs) {
      last.lastMs = lastMs;
      last.batch = merged(timed, last.batch, batch);
      last.speed = merged(timed, last.speed, speed);
    } else sessions.push({ startMs: firstMs, lastMs, batch, speed });
  }
  const unmerged = hidden.filter(
    (one) => !sessions.some(({ startMs, lastMs }) => one.firstMs - lastMs <= gapMs && startMs - one.lastMs <= gapMs),
  );
  const viewStates = (states: States | null): States | null => states?.slice(0, view.algebras.length) ?? null;
  const rows = sessions.map(({ startMs, lastMs, batch, speed }): MergedRow => {
    const parts = { batch: viewStates(batch), speed: viewStates(speed) };
    const states = mergeStates(view, parts.batch, parts.speed);
    return { key, window, startMs, endMs: lastMs + gapMs, ...parts, states, ahead: [], behind };
  });
  for (const { startMs } of unmerged) rows.push(emptySession({ key, window, startMs }, view.empty, behind));
  return { rows: rows.sort((one, other) => one.startMs - other.startMs), behind };
}

/** An empty row for a session that lies in the excluded offsets, at the start of its pane. */
function emptySession(position: RowPosition, empty: States, behind: readonly CoverageDelta[]): MergedRow {
  return { ...position, endMs: null, batch: null, speed: null, states: empty, ahead: [], behind };
}

function* totalOfSessions({ view }: RowAlgebras, sessions: readonly MergedRow[]): Generator<MergedRow> {
  const [first, ...others] = sessions;
  if (first === undefined) return;
  const total = others.reduce(
    (sum, { batch, speed }) => ({ batch: merged(view, sum.batch, batch), speed: merged(view, sum.speed, speed) }),
    { batch: first.batch, speed: first.speed },
  );
  yield { ...first, ...total, states: mergeStates(view, total.batch, total.speed), endMs: null };
}

function merged(algebra: RowAlgebras['view'], left: States | null, right: States | null): States | null {
  return left === null || right === null ? (left ?? right) : algebra.merge(left, right);
}
