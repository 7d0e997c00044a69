import {
  type Appearance,
  type AppearanceStore,
  type BatchStore,
  clockId,
  clockMark,
  cutOf,
  type Decoded,
  type DecodedEvent,
  type JoinRule,
  type LogRecord,
  type LookBack,
  NO_CLOCK_MS,
  type RepetitionRule,
  type SpeedStore,
  segmentOf,
  segmentStart,
  type TimedValues,
  type WantedAppearances,
} from '@bifold/core';

const REMEMBERED_IDS = 200_000;

/** First offsets that are known of ids, by partition: facts of the log, which hold for ever. Only where time does not matter. */
export type WarmAppearances = Map<number, Map<string, number>>;

/** What records come to, when all below them is known. */
export interface Earlier {
  /** Offsets of those that take no part: they repeat earlier ones, or come too late. */
  readonly dropped: ReadonlySet<number>;
  /** For each offset, the pairs that its event completes; null where events stand alone. */
  readonly pairs: ReadonlyMap<number, readonly TimedValues[]> | null;
  /** Where the clock stands behind them. Epoch milliseconds. */
  readonly clockMs: number;
}

export const NOTHING_EARLIER: Earlier = { dropped: new Set(), pairs: null, clockMs: NO_CLOCK_MS };

/** So many segments are asked at once for a mark: the last one is nearly always near. */
const MARKS_AT_ONCE = 64;

/**
 * Where the log's prefix ends of which every appearance is stored: below the cut the batch layer wrote them, from there on each complete segment. Nothing that is
 * above it can be judged before all that is below it was.
 *
 * @returns the cut's offset, and the end of the prefix
 */
export async function knownPrefix(
  partition: number,
  upTo: number,
  segmentSize: number,
  { store, batch }: { readonly store: SpeedStore; readonly batch: Pick<BatchStore, 'readPointer'> },
): Promise<{ readonly cut: number; readonly end: number }> {
  const { current } = await batch.readPointer('quorum');
  const cut = cutOf(current, partition);
  const last = Math.max(cut, segmentOf(upTo, segmentSize));
  const progress = await store.readProgress(partition, cut, last + 1);
  for (let segment = cut; ; segment++) {
    const next = progress.get(segment) ?? segmentStart(segment, segmentSize);
    if (segment === last || next < segmentStart(segment + 1, segmentSize))
      return { cut: segmentStart(cut, segmentSize), end: next };
  }
}

/**
 * The last mark of the clock below an offset, and where what it has not seen begins. At the cut there is always one, which the batch layer left.
 *
 * @param cut the offset below which all belongs to the batch layer
 */
export async function clockBelow(
  partition: number,
  cut: number,
  upTo: number,
  segmentSize: number,
  appearances: AppearanceStore,
): Promise<{ readonly next: number; readonly clockMs: number }> {
  const first = segmentOf(Math.max(0, cut - 1), segmentSize);
  for (let last = segmentOf(Math.max(0, upTo - 1), segmentSize); last >= first; last -= MARKS_AT_ONCE) {
    const from = Math.max(first, last - MARKS_AT_ONCE + 1);
    const wanted = Array.from({ length: last - from + 1 }, (_, index) => ({
      ...{ id: clockId(from + index), fromMs: NO_CLOCK_MS, toMs: -NO_CLOCK_MS },
    }));
    const marks = (await appearances.read(partition, wanted)).filter(
      ({ offset }) => offset < upTo && offset >= cut - 1,
    );
    if (marks.length === 0) continue;
    const { offset, timeMs } = marks.reduce((one, other) => (other.offset > one.offset ? other : one));
    return { next: offset + 1, clockMs: timeMs };
  }
  return { next: cut, clockMs: NO_CLOCK_MS };
}

/**
 * Rule 10: what records come to, given those before them. Stores what came, before it tells what follows from it: all appearances below the first of the records must be
 * stored already.
 */
export async function earlierOf(
  { relayed, late, duplicates, join }: LookBack,
  { partition, segmentSize, records, decoded, clockMs: clockBeforeMs }: Stretch,
  appearances: AppearanceStore,
  warm: WarmAppearances,
): Promise<Earlier> {
  const dropped = new Set<number>();
  const left = (): readonly Placed[] =>
    records.flatMap((record, index) => (dropped.has(record.offset) ? [] : [[decoded[index] as Decoded, record]]));
  const dropRepeated = async (rule: RepetitionRule | null): Promise<void> => {
    if (rule === null) return;
    const own = left().flatMap(([record, { offset }]) => rule.appearanceOf(record, offset) ?? []);
    for (const offset of await repeatedOffsets(rule, partition, own, appearances, warm)) dropped.add(offset);
  };
  await dropRepeated(relayed);
  let clockMs = clockBeforeMs;
  if (late !== null && records.length > 0) {
    for (const [event, { offset, timestampMs }] of left()) {
      if (event.kind === 'poison') continue;
      if (late.isLate(clockMs, event)) dropped.add(offset);
      clockMs = late.after(clockMs, event, timestampMs);
    }
    const { offset } = records.at(-1) as LogRecord;
    await appearances.write(partition, [clockMark(segmentOf(offset, segmentSize), offset, clockMs)]);
  }
  await dropRepeated(duplicates);
  if (join === null) return { dropped, pairs: null, clockMs };
  const events = left().flatMap(([record, { offset }]) => (record.kind === 'poison' ? [] : [{ ...record, offset }]));
  return { dropped, pairs: await pairsOf(join, partition, events, appearances), clockMs };
}

/** Records of a partition that follow each other, and where its clock stands before them. */
interface Stretch {
  readonly partition: number;
  readonly segmentSize: number;
  readonly records: readonly LogRecord[];
  readonly decoded: readonly Decoded[];
  readonly clockMs: number;
}

/** A record, read, and where it stands. */
type Placed = readonly [Decoded, LogRecord];

async function repeatedOffsets(
  rule: RepetitionRule,
  partition: number,
  own: readonly Appearance[],
  appearances: AppearanceStore,
  warm: WarmAppearances,
): Promise<ReadonlySet<number>> {
  const remembered = rule.isTimeless ? rememberedOf(warm, partition) : new Map<string, number>();
  const isKnown = ({ id, offset }: Appearance): boolean => (remembered.get(id) ?? offset) < offset;
  const repeated = new Set<number>();
  const open = own.filter((one) => {
    if (isKnown(one)) repeated.add(one.offset);
    return !isKnown(one);
  });
  const wanted = together(
    open.map(({ id, timeMs }) => ({ id, fromMs: timeMs - rule.withinMs, toMs: timeMs + rule.withinMs })),
  );
  const stored = wanted.length === 0 ? [] : await appearances.read(partition, wanted);
  const seen = Map.groupBy(stored, ({ id }) => id);
  const news: Appearance[] = [];
  for (const one of open) {
    const others = seen.get(one.id) ?? [];
    const earlier = others.filter(({ offset }) => offset < one.offset);
    if (earlier.some(({ timeMs }) => Math.abs(timeMs - one.timeMs) <= rule.withinMs)) repeated.add(one.offset);
    if (!others.some(({ timeMs, offset }) => timeMs === one.timeMs && offset <= one.offset)) news.push(one);
    others.push(one);
    seen.set(one.id, others);
  }
  if (news.length > 0) await appearances.write(partition, news);
  if (rule.isTimeless)
    for (const [id, all] of seen)
      for (const { offset } of all) remembered.set(id, Math.min(offset, remembered.get(id) ?? offset));
  return repeated;
}

/** The pairs of each event with those that came before it: those of the batch itself, and those that were stored. */
async function pairsOf(
  rule: JoinRule,
  partition: number,
  events: readonly (DecodedEvent & { readonly offset: number })[],
  appearances: AppearanceStore,
): Promise<ReadonlyMap<number, readonly TimedValues[]>> {
  const waiting = events.flatMap((event) => rule.waitingOf(event, event.offset) ?? []);
  if (waiting.length > 0) await appearances.write(partition, waiting);
  const wanted = together(events.flatMap((event) => rule.partnersOf(event)));
  const stored = wanted.length === 0 ? [] : await appearances.read(partition, wanted);
  // What is of the batch was perhaps stored before, by a process that got no further: once is enough.
  const places = new Map([...stored, ...waiting].map((one) => [`${one.offset}|${one.id}`, one]));
  const seen = Map.groupBy(places.values(), ({ id }) => id);
  return new Map(
    events.map((event) => [
      event.offset,
      rule
        .partnersOf(event)
        .flatMap(({ id, fromMs, toMs }) =>
          (seen.get(id) ?? [])
            .filter(({ offset, timeMs }) => offset < event.offset && timeMs >= fromMs && timeMs <= toMs)
            .map(({ timeMs, values = [] }) => rule.pairOf(event, { timeMs, values })),
        ),
    ]),
  );
}

/** One question for each id, over all the times that are asked for. */
function together(wanted: readonly WantedAppearances[]): readonly WantedAppearances[] {
  return Array.from(
    Map.groupBy(wanted, ({ id }) => id),
    ([id, group]) => ({
      id,
      fromMs: group.reduce((least, { fromMs }) => Math.min(least, fromMs), Number.POSITIVE_INFINITY),
      toMs: group.reduce((most, { toMs }) => Math.max(most, toMs), Number.NEGATIVE_INFINITY),
    }),
  );
}

function rememberedOf(warm: WarmAppearances, partition: number): Map<string, number> {
  let known = warm.get(partition);
  if (known === undefined || known.size > REMEMBERED_IDS) {
    known = new Map();
    warm.set(partition, known);
  }
  return known;
}
