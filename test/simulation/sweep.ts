import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { readChoice, tell } from '@bifold/cli/command-line';
import type { Nemesis } from './faults/nemeses.ts';
import { SABOTAGES } from './sabotages/index.ts';
import type { Sabotage } from './sabotages/sabotage.ts';
import { withoutDisk } from './scratch.ts';
import { type Shrunk, shrink } from './shrink.ts';
import { type Outcome, simulate } from './simulate.ts';

withoutDisk();

/** The options of the command line. */
interface Asked {
  readonly from: number;
  readonly seeds: number;
  /** Seeds are counted by time alone where this is given. */
  readonly seconds: number | null;
  readonly without: ReadonlySet<Nemesis>;
  readonly sabotage: Sabotage | null;
  readonly json: boolean;
}

interface Replay extends Pick<Asked, 'without' | 'sabotage' | 'json'> {
  readonly seed: number;
  /** Null means all events. */
  readonly only: ReadonlySet<string> | null;
  readonly trace: boolean;
}

interface SharedSweep extends Asked {
  readonly workers: number;
  /** None made small. */
  readonly asFound: boolean;
}

/** Failures that are made small, and how long one may take. */
const SHRUNK_MAX = 3;
const SHRINK_SECONDS_MAX = 60;
/** Lines of a small failure's run that are printed with it: the last ones, where it ends. */
const TRACE_LINES_MAX = 200;
const FAILURES_MAX = 20;
/** Fewer seeds are not worth another process. */
const SEEDS_APART_MIN = 100;
const SEEDS_APART_MAX = 10_000_000;
/** The most seconds in which a sabotage must be found. */
const TABLE_SECONDS_MAX = 60;
/** The seconds between two progress reports of a long sweep. */
const PROGRESS_SECONDS = 15;

/** Each of the three gives the status that the process ends with. */
export async function replay({ seed, without, only, sabotage, trace, json }: Replay): Promise<number> {
  const traced = json ? tell : (line: string) => console.log(line);
  const { failure, steps, nemeses, counts } = await simulate(seed, {
    without,
    only,
    sabotage,
    trace: trace ? traced : null,
  });
  console.log(JSON.stringify({ seed, steps, nemeses, counts, failure }, null, 2));
  return failure === null ? 0 : 1;
}

export async function table({ from, seeds: seedsMax, seconds, without, json }: Asked): Promise<number> {
  if (!json) console.log('| rule | sabotage | seeds it took | what was seen |\n|---|---|---|---|');
  const rows = [];
  for (const sabotage of SABOTAGES) {
    const asked = { from, seeds: seedsMax, seconds: seconds ?? TABLE_SECONDS_MAX, without, sabotage };
    const { seeds, failures } = await sweepSeeds(asked, 1);
    const { name, rule, breaks } = sabotage;
    const seen = failures[0]?.failure ?? null;
    rows.push({ rule, name, breaks, seeds, seen });
    const shown = seen?.split('\n')[0]?.replaceAll('|', '\\|').slice(0, SUMMARY_LENGTH_MAX) ?? '';
    const took = seen === null ? `not in ${seeds}` : seeds;
    (json ? tell : console.log)(`| ${rule} | ${name}: ${breaks} | ${took} | ${shown} |`);
  }
  if (json) console.log(JSON.stringify({ from, sabotages: rows }));
  return 0;
}

export async function sweep(asked: SharedSweep): Promise<number> {
  const { from, without, sabotage } = asked;
  const seeds = asked.seconds === null ? asked.seeds : Number.MAX_SAFE_INTEGER;
  const workers = Math.min(asked.workers, Math.ceil(seeds / SEEDS_APART_MIN));
  const result =
    workers > 1
      ? await shared({ ...asked, seeds, workers })
      : await sweepSeeds({ ...asked, seeds }, FAILURES_MAX, {
          onProgress: (progress) => tell(progressText(progress, asked)),
          onFailure: (outcome) => tell(failureText(outcome, asked)),
        });
  const failures: Failure[] = [];
  for (const { seed, failure } of result.failures) {
    const small: Shrunk | null =
      failures.length < SHRUNK_MAX && !asked.asFound
        ? await shrink({ seed, without, sabotage }, SHRINK_SECONDS_MAX)
        : null;
    failures.push({
      seed,
      failure,
      replay: commandOf({ seed, without, sabotage }, null),
      small: small && {
        ...small,
        without: [...small.without],
        replay: commandOf({ seed, without: small.without, sabotage }, small.only),
      },
    });
  }
  if (asked.json) console.log(JSON.stringify({ ...result, from, failures }));
  else print({ ...result, from, failures });
  return failures.length === 0 ? 0 : 1;
}

type Found = Pick<Outcome, 'seed' | 'failure'>;

interface Sweep {
  readonly seeds: number;
  readonly steps: number;
  readonly seconds: number;
  readonly failures: readonly Found[];
  readonly counts: Readonly<Record<string, number>>;
}

type Progress = Pick<Sweep, 'seconds'> & { readonly seeds: number; readonly failed: number };

/**
 * `… 1,200 of 20,000 seeds, 0 failed  60 s`: the progress, which worker processes also send to the
 * parent.
 */
function progressText({ seeds, failed, seconds }: Progress, asked: Pick<Asked, 'seeds' | 'seconds'>): string {
  const of = asked.seconds === null ? ` of ${asked.seeds}` : '';
  return `… ${seeds}${of} seeds, ${failed} failed  ${seconds.toFixed(0)} s`;
}
const PROGRESS = /^… (\d+)(?: of \d+)? seeds, (\d+) failed/;

/**
 * `✖ seed 42: row … is missing  npm run simulate -- --seed 42 --trace`: printed as soon as the seed
 * has failed, so that a killed run has named what it found.
 */
function failureText({ seed, failure }: Found, { without, sabotage }: Pick<Asked, 'without' | 'sabotage'>): string {
  const [summary = ''] = (failure ?? '').split('\n');
  return `${FAILED_SEED} ${seed}: ${summary.slice(0, SUMMARY_LENGTH_MAX)}  ${commandOf({ seed, without, sabotage }, null)}`;
}
const FAILED_SEED = '✖ seed';
const SUMMARY_LENGTH_MAX = 260;

interface Failure extends Found {
  readonly replay: string;
  readonly small: (Omit<Shrunk, 'without'> & { readonly without: readonly Nemesis[]; readonly replay: string }) | null;
}

interface Judged extends Sweep {
  readonly from: number;
  readonly failures: readonly Failure[];
}

function print({ seeds, from, steps, seconds, counts, failures }: Judged): void {
  for (const { seed, failure, replay, small } of failures) {
    console.log(`seed ${seed}: ${failure}\n  ${replay}\n`);
    if (small === null) continue;
    console.log(`made small, ${small.only.length} of ${small.of} events: ${small.failure}\n  ${small.replay}\n`);
    if (small.trace.length > TRACE_LINES_MAX) console.log(`  (${small.trace.length - TRACE_LINES_MAX} lines before)`);
    for (const line of small.trace.slice(-TRACE_LINES_MAX)) console.log(`  ${line}`);
    console.log('');
  }
  console.log(
    `${seeds} seeds from ${from}: ${failures.length} failed; ${steps} steps in ${seconds.toFixed(1)} s: ${Math.round(steps / seconds)} steps/s, ${(seeds / seconds).toFixed(1)} seeds/s`,
  );
  console.log(
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', '),
  );
}

export const sabotageOf = (name: string): Sabotage => {
  const names = SABOTAGES.map((sabotage) => sabotage.name);
  return SABOTAGES[names.indexOf(readChoice({ name: 'simulate' }, '--sabotage', names, name))] as Sabotage;
};

/** The command that runs a seed again, with all that was left out of it. */
function commandOf(
  { seed, without, sabotage }: Pick<Replay, 'seed' | 'without' | 'sabotage'>,
  only: readonly string[] | null,
): string {
  return [
    `npm run simulate -- --seed ${seed} --trace`,
    ...Array.from(without, (nemesis) => `--without ${nemesis}`),
    ...(only === null ? [] : [`--only ${only.join(',') || 'none'}`]),
    ...(sabotage ? [`--sabotage ${sabotage.name}`] : []),
  ].join(' ');
}

/** Divides the seeds among one process per core. */
async function shared({ from, seeds, seconds, without, sabotage, workers }: SharedSweep): Promise<Sweep> {
  const begun = performance.now();
  // Seeds that are counted by time alone: stretches that do not meet.
  const size = seconds === null ? Math.ceil(seeds / workers) : SEEDS_APART_MAX;
  const options = [
    ...[...without].flatMap((nemesis) => ['--without', nemesis]),
    ...(sabotage ? ['--sabotage', sabotage.name] : []),
    ...(seconds === null ? [] : ['--seconds', String(seconds)]),
  ];
  /** The number of seeds and failures, by process. */
  const done = new Map<number, readonly [number, number]>();
  let toldSeconds = 0;
  const parts = await Promise.all(
    Array.from({ length: workers }, (_, worker) => {
      const own = ['--from', String(from + worker * size), '--seeds', String(Math.min(size, seeds - worker * size))];
      return sweptElsewhere([...own, ...options, '--workers', '1', '--as-found', '--json'], (seedsDone, failed) => {
        done.set(worker, [seedsDone, failed]);
        const now = (performance.now() - begun) / 1000;
        if (now - toldSeconds < PROGRESS_SECONDS - 1) return;
        toldSeconds = now;
        const total = (place: 0 | 1): number => [...done.values()].reduce((sum, each) => sum + each[place], 0);
        tell(progressText({ seeds: total(0), failed: total(1), seconds: now }, { seeds, seconds }));
      });
    }),
  );
  const counts: Record<string, number> = {};
  for (const part of parts)
    for (const [name, count] of Object.entries(part.counts)) counts[name] = (counts[name] ?? 0) + count;
  const sum = (of: (part: Sweep) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    seeds: sum((part) => part.seeds),
    steps: sum((part) => part.steps),
    seconds: (performance.now() - begun) / 1000,
    failures: parts.flatMap((part) => part.failures).slice(0, FAILURES_MAX),
    counts,
  };
}

/** Runs seeds in another process. Its failing seeds are printed here as well. */
function sweptElsewhere(args: readonly string[], onProgress: (seeds: number, failed: number) => void): Promise<Sweep> {
  return new Promise((resolve, reject) => {
    const maxBuffer = 256 * 1024 * 1024;
    const { stderr } = execFile(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), ...args],
      { maxBuffer },
      (error, stdout, stderr) => {
        // Status 1 means that something was found.
        if (error && error.code !== 1) reject(new Error(stderr, { cause: error }));
        else resolve(JSON.parse(stdout));
      },
    );
    createInterface({ input: stderr as Readable }).on('line', (line) => {
      const [, seeds, failed] = PROGRESS.exec(line) ?? [];
      if (seeds !== undefined) onProgress(Number(seeds), Number(failed));
      else if (line.startsWith(FAILED_SEED)) tell(line);
    });
  });
}

interface SweepListener {
  onProgress(progress: Progress): void;
  onFailure(outcome: Outcome): void;
}

async function sweepSeeds(
  { from, seeds, seconds: secondsMax, without, sabotage }: Omit<Asked, 'json'>,
  failuresMax: number,
  listener?: SweepListener,
): Promise<Sweep> {
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1000;
  const failures: Outcome[] = [];
  const counts: Record<string, number> = {};
  let steps = 0;
  let seed = from;
  let toldSeconds = 0;
  const isInTime = (): boolean => secondsMax === null || seconds() < secondsMax;
  for (; seed < from + seeds && isInTime() && failures.length < failuresMax; seed++) {
    const outcome = await simulate(seed, { without, sabotage });
    steps += outcome.steps;
    for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count;
    if (outcome.failure !== null) {
      failures.push(outcome);
      listener?.onFailure(outcome);
    }
    if (seconds() - toldSeconds < PROGRESS_SECONDS) continue;
    toldSeconds = seconds();
    listener?.onProgress({ seeds: seed + 1 - from, failed: failures.length, seconds: toldSeconds });
  }
  return { seeds: seed - from, steps, seconds: seconds(), failures, counts };
}
