import { bindingStore, lookupStore } from '@bifold/adapters/cassandra';
import {
  type Coverage,
  type FoldedLog,
  type FoldedRow,
  interpret,
  type Log,
  type LogRecord,
  type Pipeline,
  type Receipt,
  type ResolveLookup,
  rowAlgebrasOf,
  rowCoverage,
  segmentOf,
  type Value,
} from '@bifold/core';
import type { AnswerRow } from '@bifold/functions';
import { askAll } from './api.ts';
import { compareQuarantine, compareWindow, type Difference, pushDifference } from './compare.ts';
import type { Context } from './context.ts';
import type { DeploymentRecord } from './deployments.ts';
import { CliError } from './errors.ts';
import { step } from './terminal.ts';

export interface Verification {
  readonly equal: boolean;
  /** Records of the log that the answer covers. */
  readonly records: number;
  readonly rows: number;
  readonly windows: Readonly<Record<string, number>>;
  readonly quarantined: Readonly<Record<string, number>>;
  /** Of the last window that was asked. */
  readonly receipt: Receipt;
  readonly differences: readonly Difference[];
}

interface AskedWindow {
  readonly window: string;
  readonly rows: readonly AnswerRow[];
  readonly receipt: Receipt;
}

/**
 * Asks the API for every row of every window, recomputes the same offsets with one plain fold over the log in Kafka, and compares row by row.
 * @throws when the log does not hold those offsets any more, or is another incarnation
 */
export async function verifyPipeline(
  context: Context,
  pipeline: Pipeline,
  deployment: DeploymentRecord,
  windows: readonly string[],
): Promise<Verification> {
  const { plan } = pipeline;
  const { onProgress } = context;
  const asked: AskedWindow[] = [];
  for (const window of windows) {
    const name = `${plan.name}: rows of ${window}`;
    asked.push({ window, ...(await step(onProgress, name, () => askAll(context, deployment, { window }))) });
  }
  const log = await context.log(plan.topic);
  const { receipt } = asked.at(-1) as AskedWindow;
  await checkIncarnation(log, plan.topic, receipt);

  const lookups = await boundLookups(context, pipeline, receipt);
  const fold = (coverage: Coverage, only: ReadonlySet<string> | null = null): Promise<FoldedLog> =>
    interpret(pipeline, coveredRecords(log, plan.topic, coverage), coverage, lookups, only);
  const { view } = rowAlgebrasOf(plan);
  const present = ({ states }: FoldedRow) => view.present(states);

  const differences: Difference[] = [];
  let records = 0;
  // Windows whose receipts cover the same offsets, which is usual, are recomputed in one pass over the log.
  for (const group of Map.groupBy(asked, (one) => JSON.stringify(one.receipt.coverage)).values()) {
    const { coverage } = (group[0] as AskedWindow).receipt;
    const folded = await step(onProgress, `${plan.name}: the plain fold over the log`, () => fold(coverage));
    records = folded.records;
    for (const { window, rows, receipt: own } of group) {
      const compared = compareWindow(plan, window, rows, coverage, folded.rows.values(), present);
      differences.push(...compared.differences);
      for (const deviating of compared.deviating) {
        const alone = await fold(deviating.coverage, new Set(deviating.rows.keys()));
        for (const [id, row] of deviating.rows) {
          pushDifference(differences, plan, row, alone.rows.get(id) ?? null, present);
        }
      }
      const { reasons, behind } = own.quarantined;
      const poison = behind.length === 0 ? folded : await fold(rowCoverage(coverage, [], behind), new Set());
      differences.push(...compareQuarantine(reasons, poison.quarantined));
    }
  }
  return {
    equal: differences.length === 0,
    records,
    rows: asked.reduce((total, { rows }) => total + rows.length, 0),
    windows: Object.fromEntries(asked.map(({ window, rows }) => [window, rows.length])),
    quarantined: receipt.quarantined.reasons,
    receipt,
    differences,
  };
}

async function checkIncarnation(log: Log, topic: string, { incarnation, pipeline }: Receipt): Promise<void> {
  const id = await log.topicId();
  if (id === incarnation) return;
  throw new CliError('BIFOLD_OTHER_INCARNATION', {
    failed: `the views of "${pipeline}" cannot be recomputed: they are of another incarnation of topic "${topic}"`,
    received: id === null ? 'no such topic' : `topic id ${id}`,
    allowed: incarnation,
    remedy: `npx bifold deploy ${pipeline}, which binds the topic as it is now`,
  });
}

const READ_BYTES = 8 * 1024 * 1024;

/** The records of a coverage, one partition after another; while a stretch is folded, the next one is on its way. */
async function* coveredRecords(log: Log, topic: string, coverage: Coverage): AsyncGenerator<LogRecord> {
  for (const [name, ranges] of Object.entries(coverage)) {
    const partition = Number(name);
    for (const [start, end] of ranges) {
      let reading = start < end ? log.read(partition, start, end, READ_BYTES) : null;
      for (let from = start; reading !== null; ) {
        const slice = await reading;
        if (slice.logStart > from || slice.end <= from) throw tooShort(topic, partition, from, slice.logStart);
        from = slice.end;
        reading = from < end ? log.read(partition, from, end, READ_BYTES) : null;
        // Waited for above; a failure must not count as unhandled before that.
        reading?.catch(() => undefined);
        yield* slice.records;
      }
    }
  }
}

function tooShort(topic: string, partition: number, from: number, logStart: number): CliError {
  return new CliError('BIFOLD_LOG_TOO_SHORT', {
    failed: `the answer cannot be recomputed: topic "${topic}" does not hold all that it covers`,
    received: `partition ${partition} begins at offset ${logStart}`,
    allowed: `records from offset ${from} on`,
    remedy: 'records that retention took are in the archive alone; keep the log longer to verify all of it',
  });
}

type LookupRows = ReadonlyMap<string, Readonly<Record<string, Value>>>;

/** The lookup rows that each segment is bound to, read whole: a version never changes. */
async function boundLookups(
  context: Context,
  { plan }: Pipeline,
  { version, incarnation, coverage }: Receipt,
): Promise<(partition: number, offset: number) => ResolveLookup> {
  if (plan.lookups.length === 0) return () => () => null;
  const client = await context.cassandra();
  const bindings = bindingStore(client, { version, incarnation });
  const lookups = lookupStore(client);
  const loaded = new Map<string, Map<string, Readonly<Record<string, Value>>>>();
  const bySegment = new Map<string, readonly (LookupRows | null)[]>();
  for (const partition of Object.keys(coverage).map(Number)) {
    for (const [segment, versions] of await bindings.list(partition, 0, null)) {
      const rows: (LookupRows | null)[] = [];
      for (const { name, table } of plan.lookups) {
        const bound = versions.get(name);
        if (bound === undefined) {
          rows.push(null);
          continue;
        }
        const id = `${table}|${bound}`;
        let known = loaded.get(id);
        if (known === undefined) {
          known = new Map();
          for await (const [key, row] of lookups.allRows(table, bound)) known.set(key, row);
          loaded.set(id, known);
        }
        rows.push(known);
      }
      bySegment.set(`${partition}|${segment}`, rows);
    }
  }
  const resolvers = new Map<string, ResolveLookup>();
  return (partition, offset) => {
    const id = `${partition}|${segmentOf(offset, plan.storage.segmentSize)}`;
    let resolver = resolvers.get(id);
    if (resolver === undefined) {
      const rows = bySegment.get(id);
      resolver = (lookup, key) => {
        const table = rows?.[lookup];
        if (!table) throw unbound(plan.name, plan.lookups[lookup]?.name ?? '', id);
        return table.get(key) ?? null;
      };
      resolvers.set(id, resolver);
    }
    return resolver;
  };
}

function unbound(pipeline: string, lookup: string, segment: string): CliError {
  return new CliError('BIFOLD_BINDING_MISSING', {
    failed: `a segment that "${pipeline}" answers for has no version of lookup "${lookup}" bound`,
    received: `partition and segment ${segment.replace('|', ', ')}`,
    allowed: 'a binding for each segment that holds an event',
    remedy: 'this is a fault of Bifold: keep the state folder and report it',
  });
}
