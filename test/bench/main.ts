/**
 * npm run bench -- W1 [--events 1000000] [--runs 3] [--pace 10000] [--seed 1] [--json]
 * npm run bench -- W8 [--json]
 *
 * Speed as ratios, measured side by side in one run on one machine; docs/benchmarks.md says what is counted.
 */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { ProgressEvent } from '@bifold/cloud';
import { openBenchCloud, root } from './bench-cloud.ts';
import { textOf, writeReport } from './report.ts';
import { runW1 } from './w1.ts';
import { ratesText, runW8 } from './w8.ts';

const usage =
  'npm run bench -- W1 [--events 1000000] [--runs 3] [--pace 10000] [--seed 1] [--json]; npm run bench -- W8 [--json]';

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Error(`--${option} is "${text}"; allowed is a whole number from 1 to 999999999. ${usage}`);
}

const tell = (text: string) => process.stderr.write(`${text}\n`);
const onProgress = (event: ProgressEvent) => {
  if (event.kind === 'done') tell(`  ${event.step}: ${(event.ms / 1000).toFixed(1)} s`);
  if (event.kind === 'failed') tell(`  ${event.step}: ${event.reason}`);
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      events: { type: 'string', default: '1000000' },
      runs: { type: 'string', default: '3' },
      pace: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  if (positionals.join() === 'W8') {
    const rates = await runW8(onProgress);
    process.stdout.write(`${values.json ? JSON.stringify(rates) : ratesText(rates)}\n`);
    return;
  }
  if (positionals.join() !== 'W1')
    throw new Error(`work "${positionals.join(' ')}" is not known; allowed: W1, W8. ${usage}`);
  const size = {
    events: wholeNumber('events', values.events),
    runs: wholeNumber('runs', values.runs),
    seed: wholeNumber('seed', values.seed),
    pace: wholeNumber('pace', values.pace),
  };

  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  const cloud = await openBenchCloud(onProgress);
  try {
    const measured = await runW1(cloud, size, interrupted.signal, onProgress, tell);
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
    const file = writeReport(report);
    process.stdout.write(`${values.json ? JSON.stringify(report) : textOf(report)}\n`);
    tell(`\nwritten: ${file}`);
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    tell('interrupted');
    process.exitCode = 130;
  } finally {
    tell('ending the processes of the bench');
    await cloud.down();
  }
}

main().then(
  // Clients may hold sockets that nobody needs any more.
  () => process.exit(),
  (error: unknown) => {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    tell(
      `load average: ${loadavg()
        .map((load) => load.toFixed(2))
        .join(' ')}`,
    );
    process.exit(1);
  },
);
