import { randomBytes } from 'node:crypto';
import type { Pipeline } from '@bifold/core';
import { type Answer, offsetsOf, type Receipt, readFor, replayAnswer, type ViewQuery } from '@bifold/core/engine';
import { cursorSeal, resolveRecordSources } from '@bifold/engine';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import { GoneError, UsageError } from '../errors.ts';
import { step } from '../output/terminal.ts';
import { boundLookups } from './bound-lookups.ts';
import { foldedRecords } from './folded-records.ts';
import { keptText, rangesText, withRecordSources } from './record-sources.ts';
import type { SavedAnswer } from './saved-answer.ts';

/**
 * Reproduces an old answer. It folds the offsets that the answer names: from the archive, or from
 * the log if they are not archived yet.
 * @throws {UsageError} when this checkout has another definition, {GoneError} when neither archive
 * nor log has all of its offsets
 */
export async function reproduce(
  context: Context,
  pipeline: Pipeline,
  deployment: DeploymentRecord,
  query: ViewQuery,
  { receipt, rows }: SavedAnswer,
): Promise<Answer> {
  const { plan } = pipeline;
  if (receipt.version !== plan.version) throw otherDefinition(receipt, plan.version);
  const scope = { version: receipt.version, topicId: receipt.topicId };
  return withRecordSources(context, deployment, scope, async (stored) => {
    const wanted = readFor(plan, offsetsOf({ receipt, rows }));
    const located = await resolveRecordSources(wanted, 'archive', stored);
    if (Object.keys(located.missing).length > 0) {
      throw new GoneError('BIFOLD_OFFSETS_GONE', {
        failed: `the answer cannot be given again: neither archive nor log of "${receipt.pipeline}" has all that it covers`,
        received: `no records for ${rangesText(located.missing)}`,
        allowed: `offsets that are kept: ${await keptText(wanted, stored, receipt.topicId)}`,
        remedy:
          'none, if retention took them before the archive did, or if they never were; retention.ms must outlast the archive',
      });
    }
    const lookups = await boundLookups(context, pipeline, receipt);
    const answer = await step(context.onProgress, `${plan.name}: the plain fold over archive and log`, () =>
      replayAnswer(pipeline, { query, receipt, rows }, foldedRecords(located, stored), lookups),
    );
    if (answer.cursor === null) return answer;
    const keys = (await context.database()).cursorKeys;
    const { seal } = cursorSeal({ keys, clock: Date.now, newKey: () => randomBytes(32) });
    return { ...answer, cursor: await seal(answer.cursor) };
  });
}

function otherDefinition({ pipeline, version }: Receipt, defined: string): UsageError {
  return new UsageError('BIFOLD_OTHER_DEFINITION', {
    failed: `the answer is of another definition of "${pipeline}"`,
    received: `a receipt of ${version}`,
    allowed: `${defined}, which is what layers/pipelines defines now`,
    remedy: 'ask in a checkout whose definition has that version: git log -- layers/pipelines examples',
  });
}
