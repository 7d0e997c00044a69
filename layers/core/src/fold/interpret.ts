import type { Pipeline } from '../definition/pipeline.ts';
import type { LogRecord } from '../ports/log.ts';
import type { Coverage } from '../query/coverage.ts';
import { InMemoryStatefulStage } from '../stateful/stateful-stage.ts';
import { type Fold, foldOf } from './fold.ts';
import { type FoldedLog, type Folding, liftedBy, type PlainEvent, PlainFold, type WindowRange } from './plain-fold.ts';
import type { ResolveLookup } from './row-transform.ts';

/** The lookup rows and models that the segment of a record is bound to. */
type LookupsOf = (partition: number, offset: number) => ResolveLookup;

/**
 * The in-memory reference interpreter: one plain fold over the log, restricted to some offsets. It
 * uses no segments, fragments, panes or batch. It defines the semantics of a pipeline, and every
 * layer must agree with it.
 *
 * @param log of a view with stateful operators, all records before the covered ones too, in the
 * order of each partition (`readFor`)
 * @param total gives one row per key over these windows
 */
export async function interpret(
  pipeline: Pipeline,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  coverage: Coverage,
  lookups: LookupsOf,
  only: Folding['only'] = null,
  total: WindowRange | null = null,
): Promise<FoldedLog> {
  const folding: Folding = { coverage, range: total, isTotal: total !== null, only, asOf: null };
  const [folded] = await interpretEach(pipeline, log, [folding], lookups);
  return folded as FoldedLog;
}

/**
 * Several plain folds in one pass over the log. Each result is the same as from a separate pass.
 */
export async function interpretEach(
  pipeline: Pipeline,
  log: AsyncIterable<LogRecord> | Iterable<LogRecord>,
  foldings: readonly Folding[],
  lookups: LookupsOf,
): Promise<readonly FoldedLog[]> {
  const fold = foldOf(pipeline);
  const folds = foldings.map((folding) => new PlainFold(pipeline.plan, fold, folding));
  const earlier = fold.statefulStage && new InMemoryStatefulStage(fold.statefulStage);
  for await (const record of log) {
    const { partition, offset } = record;
    const concerned = folds.filter((each) => each.isConcerned(partition, offset));
    if (concerned.length === 0 && earlier === null) continue;
    const decoded = fold.decode(record.value, record.headers);
    const admitted = earlier?.process(record, decoded) ?? decoded;
    if (earlier !== null)
      for (const each of folds) each.setWatermark(partition, offset, earlier.watermarkMs(partition));
    if (concerned.length === 0) continue;
    if (admitted.kind === 'poison') {
      for (const each of concerned) each.addPoison(admitted.reason, partition, offset);
      continue;
    }
    const timed = admitted.kind === 'event' ? [admitted] : admitted.events;
    const events = timed.flatMap(({ values, timeMs }) =>
      eventsOf(fold, values, { timeMs, partition, offset }, lookups(partition, offset)),
    );
    for (const each of concerned) each.addRecord(events);
  }
  return folds.map((each) => each.result());
}

function eventsOf(
  fold: Fold,
  values: Parameters<Fold['enrich']>[0],
  at: Omit<PlainEvent, 'key' | 'lifted'>,
  resolve: ResolveLookup,
): readonly PlainEvent[] {
  return fold
    .enrich(values, resolve)
    .map((slots) => ({ ...at, key: fold.keyOf(slots), lifted: liftedBy(fold, slots, at) }));
}
