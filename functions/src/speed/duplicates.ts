import {
  type Appearance,
  type AppearanceStore,
  type BatchStore,
  cutOf,
  type Decoded,
  type DuplicateRule,
  type LogRecord,
  type SpeedStore,
  segmentOf,
  segmentStart,
} from '@bifold/core';

const REMEMBERED_IDS = 200_000;

/** First offsets that are known of ids, by partition: facts of the log, which hold for ever. Only where time does not matter. */
export type WarmAppearances = Map<number, Map<string, number>>;

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
 * Rule 10: the offsets of the events that repeat earlier ones. Stores what came, before it is told what repeats: all appearances below the first of the records must
 * be stored already.
 */
export async function repeatedOffsets(
  rule: DuplicateRule,
  partition: number,
  records: readonly LogRecord[],
  decoded: readonly Decoded[],
  appearances: AppearanceStore,
  warm: WarmAppearances,
): Promise<ReadonlySet<number>> {
  const own = records.flatMap(({ offset }, index) => {
    const event = decoded[index] as Decoded;
    return event.kind === 'poison' ? [] : [rule.appearanceOf(event.values, event.timeMs, offset)];
  });
  const remembered = rememberedOf(warm, partition);
  const isKnown = ({ id, offset }: Appearance): boolean => (remembered.get(id) ?? offset) < offset;
  const repeated = new Set<number>();
  const open = own.filter((one) => {
    if (isKnown(one)) repeated.add(one.offset);
    return !isKnown(one);
  });
  const wanted = Array.from(
    Map.groupBy(open, ({ id }) => id),
    ([id, group]) => {
      const times = group.map(({ timeMs }) => timeMs).sort((left, right) => left - right);
      return { id, fromMs: (times[0] as number) - rule.withinMs, toMs: (times.at(-1) as number) + rule.withinMs };
    },
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
  if (rule.withinMs === 0)
    for (const [id, all] of seen)
      for (const { offset } of all) remembered.set(id, Math.min(offset, remembered.get(id) ?? offset));
  return repeated;
}

function rememberedOf(warm: WarmAppearances, partition: number): Map<string, number> {
  let known = warm.get(partition);
  if (known === undefined || known.size > REMEMBERED_IDS) {
    known = new Map();
    warm.set(partition, known);
  }
  return known;
}
