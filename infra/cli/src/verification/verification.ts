import type { Pipeline } from '@bifold/core';
import {
  type AnswerRow,
  type Coverage,
  type FoldedLog,
  type FoldedRow,
  type Folding,
  interpretEach,
  keyOfRow,
  offsetsOf,
  positionOfRow,
  type Receipt,
  readFor,
  rowAlgebrasOf,
  rowCoverage,
  type Source,
  unionOf,
} from '@bifold/core/engine';
import { resolveRecordSources } from '@bifold/engine';
import { ask, askAll } from '../api.ts';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import { boundsOf } from '../kafka/topics/log-bounds.ts';
import { checkTopics } from '../kafka/topics/recreated-topic.ts';
import { number, plural, step } from '../output/terminal.ts';
import { drawKeys } from '../records/sample.ts';
import { boundLookups } from './bound-lookups.ts';
import { compareQuarantine, compareWindow, type Difference, pushDifference } from './compare.ts';
import { foldedRecords } from './folded-records.ts';
import { requireVersion } from './handover.ts';
import { checkCovered } from './published.ts';
import { offsetsIn, type RecordSources, withRecordSources } from './record-sources.ts';

/** The subject of a verification, and its sources. */
export interface Verifying {
  readonly windows: readonly string[];
  /** The answer is recomputed separately from each source. */
  readonly sources: readonly Source[];
  /** The number of sampled keys and the seed of the draw. Null verifies everything. */
  readonly sample: { readonly size: number; readonly seed: string } | null;
}

export interface Verification {
  /** Every row was recomputed, and none differs. */
  readonly equal: boolean;
  /** Records that the answer covers. */
  readonly records: number;
  readonly rows: number;
  readonly windows: Readonly<Record<string, number>>;
  readonly quarantined: Readonly<Record<string, number>>;
  /** The receipt of the last window. */
  readonly receipt: Receipt;
  readonly checks: readonly Check[];
  readonly sample: { readonly keys: number; readonly seed: string } | null;
  readonly differences: readonly Difference[];
}

/** One recomputation of the whole answer. */
export interface Check {
  readonly source: Source;
  /** The number of covered offsets of the last window that were read from the log. */
  readonly log: number;
  readonly archive: number;
  /** Covered offsets that the source lacks. Rows with these offsets cannot be verified. */
  readonly missing: Coverage;
  readonly differences: number;
}

interface AskedWindow {
  readonly window: string;
  readonly rows: readonly AnswerRow[];
  readonly receipt: Receipt;
}

/**
 * Queries every row of every window, and recomputes the same offsets with one plain fold over the
 * log, as Kafka or the archive has it. Compares row by row, in both directions.
 * @throws {CheckFailed} if the topic was recreated, or the answer covers nothing of a log that has
 *   records
 */
export async function verifyPipeline(
  context: Context,
  pipeline: Pipeline,
  deployment: DeploymentRecord,
  { windows, sources, sample }: Verifying,
): Promise<Verification> {
  const { plan } = pipeline;
  const { onProgress } = context;
  const { version, topicId } = deployment;
  await checkTopics(context, deployment);
  return withRecordSources(context, deployment, { version, topicId }, async (stored) => {
    const drawn = sample && (await sampleOf(context, pipeline, deployment, stored, sources[0] as Source, sample));
    // Without sampled keys the view is small, so verify all of it.
    const keys = drawn === null || drawn.length === 0 ? null : drawn;
    const answers: AskedWindow[] = [];
    for (const window of windows) {
      const name = `${plan.name}: rows of ${window}`;
      const query = { window, ...(keys === null ? {} : { keys: keys.map((key) => JSON.parse(key)) }) };
      answers.push({ window, ...(await step(onProgress, name, () => askAll(context, deployment, query))) });
    }
    for (const answer of answers) requireVersion(answer.receipt, plan);
    const { receipt } = answers.at(-1) as AskedWindow;
    await checkNotEmpty(context, deployment, receipt);
    const lookups = await boundLookups(context, pipeline, receipt);
    const drawnKeys = new Set(keys);
    const only = keys && { has: (id: string) => drawnKeys.has(keyOfRow(id)) };
    const checks: Check[] = [];
    const differences: Difference[] = [];
    let records = 0;
    for (const source of sources) {
      const foldStep = `${plan.name}: the plain fold over ${SOURCE_TEXTS[source]}`;
      const fold = async (foldings: readonly Folding[]): Promise<readonly FoldedLog[]> => {
        const everything = unionOf(foldings.map(({ coverage }) => coverage));
        const located = await resolveRecordSources(readFor(plan, everything), source, stored);
        const records = foldedRecords(located, stored, (done, offsets) => {
          onProgress({ kind: 'advanced', step: foldStep, text: `${number(done)} of ${plural(offsets, 'offset')}` });
        });
        return interpretEach(pipeline, records, foldings, lookups);
      };
      const checked = await step(onProgress, foldStep, () =>
        compareAll(pipeline, answers, only, fold, (coverage) =>
          resolveRecordSources(readFor(plan, coverage), source, stored),
        ),
      );
      const located = await resolveRecordSources(receipt.coverage, source, stored);
      const { missing } = checked;
      checks.push({
        source,
        log: offsetsIn(located.log),
        archive: offsetsIn(located.archive),
        missing,
        differences: checked.differences.length,
      });
      differences.push(...checked.differences);
      records = Math.max(records, checked.records);
    }
    return {
      equal: differences.length === 0 && checks.every(({ missing }) => Object.keys(missing).length === 0),
      records,
      rows: answers.reduce((total, { rows }) => total + rows.length, 0),
      windows: Object.fromEntries(answers.map(({ window, rows }) => [window, rows.length])),
      quarantined: receipt.quarantined.reasons,
      receipt,
      checks,
      sample: sample && keys && { keys: keys.length, seed: sample.seed },
      differences,
    };
  });
}

const SOURCE_TEXTS: Readonly<Record<Source, string>> = {
  log: 'the log',
  archive: 'the archive and the head of the log',
  either: 'what log and archive keep',
};

interface Compared {
  readonly records: number;
  readonly missing: Coverage;
  readonly differences: readonly Difference[];
}

const ALL_WINDOWS = { range: null, isTotal: false, asOf: null } as const;

/**
 * Compares every window with the fold over its own offsets. Rows that need missing offsets are not
 * compared.
 */
async function compareAll(
  pipeline: Pipeline,
  answers: readonly AskedWindow[],
  only: Pick<ReadonlySet<string>, 'has'> | null,
  fold: (foldings: readonly Folding[]) => Promise<readonly FoldedLog[]>,
  located: (coverage: Coverage) => Promise<{ readonly missing: Coverage }>,
): Promise<Compared> {
  const { plan } = pipeline;
  const { view } = rowAlgebrasOf(plan);
  const present = ({ states }: FoldedRow) => view.present(states);
  const differences: Difference[] = [];
  let records = 0;
  // Windows whose receipts cover the same offsets, which is usual, are recomputed in one pass over
  // the records.
  for (const group of Map.groupBy(answers, (answer) => JSON.stringify(answer.receipt.coverage)).values()) {
    const { receipt } = group[0] as AskedWindow;
    const { coverage } = receipt;
    const { missing } = await located(offsetsOf({ receipt, rows: group.flatMap(({ rows }) => rows) }));
    if (Object.keys(missing).length > 0) return { records, missing, differences };
    const [folded] = (await fold([{ ...ALL_WINDOWS, coverage, only }])) as [FoldedLog];
    records = folded.records;
    // Rows with another coverage are folded separately, all in one pass. There may be many while
    // records arrive.
    const others: { readonly folding: Folding; readonly compare: (alone: FoldedLog) => void }[] = [];
    for (const {
      window,
      rows,
      receipt: { quarantined },
    } of group) {
      const compared = compareWindow(plan, window, rows, coverage, folded.rows.values(), present);
      differences.push(...compared.differences);
      for (const deviating of compared.deviating)
        others.push({
          folding: { ...ALL_WINDOWS, coverage: deviating.coverage, only: deviating.rows },
          compare: (alone) => {
            for (const [id, row] of deviating.rows) {
              // An empty row means that the row is behind by these offsets.
              const nothing: FoldedRow | null = row.behind
                ? { ...positionOfRow(plan, row), endMs: null, states: view.empty, batch: null, speed: null }
                : null;
              pushDifference(differences, plan, row, alone.rows.get(id) ?? nothing, present);
            }
          },
        });
      const { reasons, behind } = quarantined;
      if (behind.length === 0) differences.push(...compareQuarantine(reasons, folded.quarantined));
      else
        others.push({
          folding: { ...ALL_WINDOWS, coverage: rowCoverage(coverage, [], behind), only: new Set() },
          compare: ({ quarantined }) => differences.push(...compareQuarantine(reasons, quarantined)),
        });
    }
    if (others.length > 0) {
      const alone = await fold(others.map(({ folding }) => folding));
      others.forEach(({ compare }, index) => {
        compare(alone[index] as FoldedLog);
      });
    }
  }
  return { records, missing: {}, differences };
}

async function sampleOf(
  context: Context,
  pipeline: Pipeline,
  deployment: DeploymentRecord,
  stored: RecordSources,
  source: Source,
  { size, seed }: NonNullable<Verifying['sample']>,
): Promise<readonly string[]> {
  const [window] = pipeline.plan.windows;
  const { receipt } = await ask(context, deployment, { limit: 1, ...(window && { window: window.name }) });
  requireVersion(receipt, pipeline.plan);
  const located = await resolveRecordSources(receipt.coverage, source, stored);
  const lookups = await boundLookups(context, pipeline, receipt);
  return drawKeys(pipeline, size, seed, located, (some) => foldedRecords(some, stored), lookups);
}

async function checkNotEmpty(
  context: Context,
  { pipeline, topic }: DeploymentRecord,
  { coverage }: Receipt,
): Promise<void> {
  if (Object.keys(coverage).length > 0) return;
  const log = await context.log(topic);
  const bounds = await boundsOf(log, await log.partitions());
  checkCovered(
    pipeline,
    coverage,
    Array.from(bounds.values(), ({ end }) => end),
  );
}
