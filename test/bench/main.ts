import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { Argument, choice, option, refusedValue, runProgram, tell, wholeNumber } from '@bifold/cli/command-line';
import type { ProgressEvent } from '@bifold/cloud';
import type { BenchCloud } from './bench-cloud.ts';

const positive = wholeNumber({ from: 1, to: 999_999_999 });
const WORKS = ['W1', 'W5', 'W8'] as const;
const WORK =
  'W1, a stream into windows, beside Spark; W5, a backlog into the archive; W8, rows into scores, beside scikit-learn';
const PROGRAM = {
  name: 'bench',
  description: `Measures Bifold and other systems in one run on one machine, and prints ratios. docs/benchmarks.md explains the
measures. The first run installs what it needs into .bifold, checked against committed hashes. It starts a cloud beside
yours.`,
  argument: new Argument('<work>', WORK).argParser(choice(WORKS)),
  options: [
    option('--events <n>', 'W1 and W5: number of events', positive, 1_000_000),
    option('--runs <n>', 'W1: number of measurements of each system', positive, 3),
    option('--pace <n>', 'W1 and W5: events per second of event time; fewer events write more rows', positive, 10_000),
    option('--seed <n>', 'W1 and W5: seed of the events', positive, 1),
    option('--json', 'print the report as JSON'),
  ],
  exitCodes: {
    0: 'the measurement ended, and the results were right',
    1: 'the measurement failed, or a result was wrong',
    130: 'after Ctrl-C',
  },
  examples: ['-- W1', '-- W1 --events 200000 --runs 1', '-- W5 --events 5000000', '--silent -- W8 --json'],
  holdsSockets: true,
} as const;

const onProgress = (event: ProgressEvent) => {
  if (event.kind === 'done') tell(`  ${event.step}: ${(event.ms / 1000).toFixed(1)} s`);
  if (event.kind === 'failed') tell(`  ${event.step}: ${event.reason}`);
};

interface Size {
  readonly events: number;
  readonly runs: number;
  readonly pace: number;
  readonly seed: number;
}

interface Options extends Size {
  readonly json?: true;
}

async function runScores(json: boolean): Promise<number> {
  const { ratesText, runW8 } = await import('./w8.ts');
  const rates = await runW8(onProgress);
  process.stdout.write(`${json ? JSON.stringify(rates) : ratesText(rates)}\n`);
  return 0;
}

/** Runs work in a separate cloud, whose processes end with it, also after Ctrl-C. */
async function inCloud(
  work: (cloud: BenchCloud, root: string, signal: AbortSignal) => Promise<string>,
): Promise<number> {
  const { openBenchCloud, root } = await import('./bench-cloud.ts');
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const cloud = await openBenchCloud(onProgress);
  try {
    process.stdout.write(`${await work(cloud, root, interrupted.signal)}\n`);
    return 0;
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    tell('interrupted');
    return 130;
  } finally {
    tell('ending the processes of the bench');
    await cloud.down();
  }
}

async function runWindows(size: Size, json: boolean): Promise<number> {
  const [{ textOf, writeReport }, { runW1 }] = await Promise.all([import('./report.ts'), import('./w1.ts')]);
  return inCloud(async (cloud, root, signal) => {
    const measured = await runW1(cloud, size, signal, onProgress, tell);
    const report = {
      work: 'W1',
      date: new Date().toISOString(),
      commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim(),
      machine: {
        cores: cpus().length,
        memoryGiB: Math.round(totalmem() / 2 ** 30),
        node: process.versions.node,
      },
      ...measured,
    } as const;
    tell(`\nwritten: ${writeReport(report)}`);
    return json ? JSON.stringify(report) : textOf(report);
  });
}

async function runBacklog(size: Size, json: boolean): Promise<number> {
  const { backlogText, runW5 } = await import('./w5.ts');
  return inCloud(async (cloud, _, signal) => {
    const measured = await runW5(cloud, size, signal, onProgress);
    return json ? JSON.stringify(measured) : backlogText(measured);
  });
}

type Work = (typeof WORKS)[number];
await runProgram<Options, Work>(PROGRAM, async ({ words: work, options: { json = false, ...size }, given }) => {
  const foreign =
    work === 'W5' && given.has('runs')
      ? 'runs'
      : work === 'W8'
        ? Object.keys(size).find((name) => given.has(name))
        : undefined;
  if (foreign !== undefined)
    throw refusedValue(PROGRAM, `${work} with --${foreign}`, 'an option of this work; --help lists them', work);
  try {
    if (work === 'W5') return await runBacklog(size, json);
    return await (work === 'W8' ? runScores(json) : runWindows(size, json));
  } catch (error) {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    tell(
      `load average: ${loadavg()
        .map((load) => load.toFixed(2))
        .join(' ')}`,
    );
    return 1;
  }
});
