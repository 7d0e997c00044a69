import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswerRow } from '@bifold/core/engine';
import { delays } from '@bifold/example-flights';
import { Command } from 'commander';
import { apiUrl, askAll } from '../../api.ts';
import { ensureFlights, type Flights, linesOf } from '../../cloud/flights.ts';
import { type Context, withContext } from '../../context.ts';
import { ensureDeployed } from '../../deployment/deploy.ts';
import type { DeploymentRecord } from '../../deployment/deployments.ts';
import { loadLookupFile } from '../../deployment/lookup-tables.ts';
import { converge } from '../../deployment/provisioning.ts';
import { Ended, EXIT } from '../../errors.ts';
import { keyedLines, type Produced } from '../../kafka/producers/produce.ts';
import { produceOnce } from '../../kafka/producers/produce-once.ts';
import { deleteTopic } from '../../kafka/topics/delete-topic.ts';
import { cell, receiptText } from '../../output/answer-text.ts';
import { Phases } from '../../output/phases.ts';
import { progressBar } from '../../output/progress-bar.ts';
import { tableText } from '../../output/table.ts';
import { dim, number, plural, print, seconds, step, tell } from '../../output/terminal.ts';
import { mappingOf, triggerState } from '../../status/trigger-state.ts';
import { lagReader, waitForLag } from '../../verification/lag.ts';
import { storedViews } from '../../verification/stored-views.ts';
import { verifyPipeline } from '../../verification/verification.ts';
import { wholeNumber } from '../option-values.ts';
import { runJob } from '../pipeline/batch-jobs.ts';
import { verdictText } from '../pipeline/verify.ts';

const LAG_EVERY_MS = 300;
const { plan } = delays;

interface Options {
  readonly fresh?: boolean;
  readonly rate?: number;
}

export const startCommand = (): Command =>
  new Command('start')
    .description('run the whole demonstration: stream the flights of 2013, and verify the answer')
    .option('--fresh', 'start over: delete the topic and create it again')
    .option('--rate <n>', 'events per second (default: as fast as possible)', wholeNumber)
    .addHelpText(
      'after',
      `
Starts the local cloud, deploys the pipeline \`delays\`, and streams all 336,776 departures from New
York in 2013. Meanwhile it publishes a batch generation. Then it verifies that the merged answer
equals the plain fold over the log. The local cloud keeps running. A second run sends nothing twice.

Examples:
  $ npm start
  $ npm start -- --fresh
  $ npm start -- --rate 5000`,
    )
    .action((options: Options) => withContext((context) => start(context, options)));

async function start(context: Context, { fresh = false, rate }: Options): Promise<void> {
  const phases = new Phases();
  const flights = await phases.run('The local cloud', async () => {
    const [found] = await Promise.all([ensureFlights(context.paths, context.onProgress), converge(context)]);
    return found;
  });
  const deployment = await phases.run(`The pipeline "${plan.name}"`, async () => {
    if (fresh) await step(context.onProgress, `delete topic ${plan.topic}`, () => deleteTopic(context, plan.topic));
    await loadLookupFile(context, 'airlines', flights.airlinesFile);
    await loadLookupFile(context, 'planes', flights.planesFile);
    return ensureDeployed(context, delays);
  });
  const streamed = await phases.run('The year 2013', () => stream(context, deployment, flights, rate ?? null));
  tell(`  ${streamed}`);
  const rows = await phases.run('The merged answer', async () => {
    const answer = await askAll(context, deployment, { window: 'daily', total: true, parts: true });
    print(`\n${yearText(answer.rows)}\n`);
    return answer.rows;
  });
  const result = await phases.run('The verification', async () => {
    const startedAtMs = performance.now();
    const verified = await verifyPipeline(context, delays, deployment, {
      windows: plan.windows.map(({ name }) => name),
      sources: ['either'],
      sample: null,
    });
    print(`\n${receiptText(verified.receipt)}\n\n${verdictText(verified, performance.now() - startedAtMs)}`);
    return verified;
  });
  const flown = rows.reduce((total, row) => total + Number(row.values.flights ?? 0), 0);
  print(`
${dim('api')}         ${apiUrl(context, deployment)}?window=daily&total=true
${dim('time')}        ${phases.text()}

The answer counts ${number(flown)} flights. The local cloud keeps running. Try next:
  npx bifold query delays --window daily --key '{"carrier":"UA","origin":"EWR"}' --total --parts
  npx bifold status
  npm start -- --fresh --rate 5000      and, in another terminal: npx bifold query delays --window hourly
  npx bifold down`);
  if (!result.equal) throw new Ended(EXIT.no);
}

/**
 * Sends the records that are not in the topic yet. Halfway, it publishes a generation. Then it
 * waits until the views cover all records.
 */
async function stream(
  context: Context,
  deployment: DeploymentRecord,
  flights: Flights,
  rate: number | null,
): Promise<string> {
  const lines = linesOf(flights.departuresFile);
  const { storage } = plan;
  const viewLag = await lagReader(context, deployment, storage);
  const { pointer } = await storedViews(context, deployment, storage);

  const bar = progressBar('  flights', lines.length);
  const startedAtMs = performance.now();
  let dealtWith = 0;
  let sentSoFar = 0;
  let sendingMs = 0;
  let lag: number | null = null;
  const draw = () => {
    const elapsedMs = sendingMs || performance.now() - startedAtMs;
    bar.update(dealtWith, (sentSoFar / elapsedMs) * 1000, lag);
  };
  const watching = new AbortController();
  const watched = watchLag(context, deployment, watching.signal, (seen) => {
    lag = seen;
    draw();
  });
  let batch: Promise<unknown> | null = null;
  const publishMidway = () => {
    if (batch !== null || dealtWith * 2 < lines.length || (sentSoFar === 0 && pointer.generation > 0)) return;
    batch = runJob(context, plan.name, 'archive').then(() => runJob(context, plan.name, 'recompute'));
    // Awaited below. Until then, a failure must not end the process.
    batch.catch(() => undefined);
  };
  let produced: Produced;
  try {
    const records = keyedLines(lines, plan.partitionBy);
    const year = { address: 'the departures of 2013', records: () => records };
    produced = await produceOnce(context, plan.topic, [year], {
      rate,
      onProgress: (done, sent) => {
        dealtWith = done;
        sentSoFar = sent;
        draw();
        publishMidway();
      },
    });
    sendingMs = performance.now() - startedAtMs;
    watching.abort();
    await watched;
    await waitForLag(deployment, viewLag, 0, (seen) => {
      lag = seen;
      draw();
    });
  } finally {
    watching.abort();
    bar.stop();
  }
  const sending =
    produced.sent === 0
      ? 'nothing was sent: all of it was sent before'
      : `sent ${plural(produced.sent, 'event')} in ${seconds(sendingMs)} (${number(Math.round((produced.sent / sendingMs) * 1000))}/s)`;
  const there = produced.sent > 0 && produced.skipped > 0 ? `, ${number(produced.skipped)} were sent before` : '';
  const total = `in the views after ${seconds(performance.now() - startedAtMs)}`;
  if (batch === null) return `${sending}${there}`;
  await batch;
  const after = await storedViews(context, deployment, storage);
  return `${sending}${there}; ${total}; generation ${after.pointer.generation} was published meanwhile`;
}

async function watchLag(
  context: Context,
  deployment: DeploymentRecord,
  signal: AbortSignal,
  onLag: (lag: number | null) => void,
): Promise<void> {
  while (!signal.aborted) {
    const trigger = await triggerState(context).catch(() => null);
    onLag((trigger && mappingOf(trigger, deployment)?.lag) ?? null);
    await sleep(LAG_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The table of the year by carrier and airport, with the shares of batch and speed. */
function yearText(rows: readonly AnswerRow[]): string {
  const right = (title: string) => ({ title, align: 'right' as const });
  const cells = [...rows]
    .sort((left, right) => Number(right.values.flights ?? 0) - Number(left.values.flights ?? 0))
    .map(({ key, values, parts }) => [
      String(key.carrier),
      String(key.origin),
      ...['flights', 'cancelled', 'totalDelay', 'meanDelay', 'maxDelay', 'seats'].map((name) => cell(values[name])),
      cell(parts?.batch?.flights ?? 0),
      cell(parts?.speed?.flights ?? 0),
    ]);
  const titles = ['flights', 'cancelled', 'totalDelay', 'meanDelay', 'maxDelay', 'seats', 'from batch', 'from speed'];
  return tableText([{ title: 'carrier' }, { title: 'origin' }, ...titles.map(right)], cells);
}
