import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Nemesis } from './nemeses.ts';
import type { Sabotage } from './sabotage.ts';
import { SABOTAGES } from './sabotages.ts';
import { withoutDisk } from './scratch.ts';
import { type Shrunk, shrink } from './shrink.ts';
import { type Outcome, simulate } from './world.ts';

/**
 * npm run simulate -- [--seeds N | --seconds S] [--from SEED] [--workers N] [--sabotage NAME] [--json]
 * npm run simulate -- --seed SEED --trace [--without NEMESIS]... [--only EVENT,...] [--sabotage NAME]
 * npm run simulate -- --table [--seeds N]
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '500' },
    seconds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    without: { type: 'string', multiple: true, default: [] },
    only: { type: 'string' },
    sabotage: { type: 'string' },
    table: { type: 'boolean', default: false },
    workers: { type: 'string' },
    /** Failures as they are, none made small: for whoever gathers them. */
    'as-found': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
withoutDisk();

const sabotageOf = (name: string): Sabotage => {
  const found = SABOTAGES.find((sabotage) => sabotage.name === name);
  if (!found) throw new Error(`no sabotage "${name}"; there are: ${SABOTAGES.map((each) => each.name).join(', ')}`);
  return found;
};
const sabotage = values.sabotage === undefined ? null : sabotageOf(values.sabotage);
const without = new Set(values.without as Nemesis[]);
const only = values.only === undefined ? null : new Set(values.only.split(','));
/** Failures that are made small, and how long one may take. */
const SHRUNK_MAX = 3;
const SHRINK_SECONDS_MAX = 60;
/** Lines of a small failure's run that are printed with it: the last ones, where it ends. */
const TRACE_LINES_MAX = 200;
const FAILURES_MAX = 20;
/** Fewer seeds are not worth another process. */
const SEEDS_APART_MIN = 100;
const SEEDS_APART_MAX = 10_000_000;

/** The command that runs a seed again, with all that was left out of it. */
function commandOf(seed: number, left: ReadonlySet<Nemesis>, only: readonly string[] | null): string {
  return [
    `npm run simulate -- --seed ${seed} --trace`,
    ...Array.from(left, (nemesis) => `--without ${nemesis}`),
    ...(only === null ? [] : [`--only ${only.join(',')}`]),
    ...(sabotage ? [`--sabotage ${sabotage.name}`] : []),
  ].join(' ');
}

interface Sweep {
  readonly seeds: number;
  readonly steps: number;
  readonly seconds: number;
  readonly failures: readonly Pick<Outcome, 'seed' | 'failure'>[];
  readonly counts: Readonly<Record<string, number>>;
}

/** The seeds in as many processes as there are cores, each its own stretch of them. */
async function shared(from: number, seeds: number, workers: number): Promise<Sweep> {
  const begun = performance.now();
  // Seeds that are counted by time alone: stretches that do not meet.
  const size = values.seconds === undefined ? Math.ceil(seeds / workers) : SEEDS_APART_MAX;
  const options = [
    ...[...without].flatMap((nemesis) => ['--without', nemesis]),
    ...(sabotage ? ['--sabotage', sabotage.name] : []),
    ...(values.seconds === undefined ? [] : ['--seconds', values.seconds]),
  ];
  const parts = await Promise.all(
    Array.from({ length: workers }, (_, worker) => {
      const own = ['--from', String(from + worker * size), '--seeds', String(Math.min(size, seeds - worker * size))];
      return sweptElsewhere([...own, ...options, '--workers', '1', '--as-found', '--json']);
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

function sweptElsewhere(args: readonly string[]): Promise<Sweep> {
  return new Promise((resolve, reject) => {
    const maxBuffer = 256 * 1024 * 1024;
    execFile(process.execPath, [import.meta.filename, ...args], { maxBuffer }, (error, stdout, stderr) => {
      // Status 1 means that something was found.
      if (error && error.code !== 1) reject(new Error(stderr, { cause: error }));
      else resolve(JSON.parse(stdout));
    });
  });
}

async function sweepSeeds(
  from: number,
  seeds: number,
  secondsMax: number,
  broken: Sabotage | null,
  failuresMax: number,
): Promise<Sweep> {
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1000;
  const failures: Outcome[] = [];
  const counts: Record<string, number> = {};
  let steps = 0;
  let seed = from;
  for (; seed < from + seeds && seconds() < secondsMax && failures.length < failuresMax; seed++) {
    const outcome = await simulate(seed, { without, sabotage: broken });
    steps += outcome.steps;
    for (const [name, count] of Object.entries(outcome.counts)) counts[name] = (counts[name] ?? 0) + count;
    if (outcome.failure !== null) failures.push(outcome);
  }
  return { seeds: seed - from, steps, seconds: seconds(), failures, counts };
}

const whole = (text: string): number => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`"${text}" is no whole number`);
  return number;
};

if (values.seed !== undefined) {
  const trace = values.trace ? (line: string) => console.log(line) : null;
  const { failure, steps, nemeses, counts } = await simulate(whole(values.seed), { without, only, sabotage, trace });
  console.log(JSON.stringify({ seed: whole(values.seed), steps, nemeses, counts, failure }, null, 2));
  process.exitCode = failure === null ? 0 : 1;
} else if (values.table) {
  console.log('| rule | sabotage | seeds it took | what was seen |\n|---|---|---|---|');
  for (const broken of SABOTAGES) {
    const { seeds, failures } = await sweepSeeds(
      whole(values.from),
      whole(values.seeds),
      Number(values.seconds ?? 60),
      broken,
      1,
    );
    const seen = failures[0]?.failure?.split('\n')[0]?.replaceAll('|', '\\|').slice(0, 260) ?? '';
    console.log(
      `| ${broken.rule} | ${broken.name}: ${broken.breaks} | ${failures.length > 0 ? seeds : `not in ${seeds}`} | ${seen} |`,
    );
  }
} else {
  const from = whole(values.from);
  const seeds = values.seconds === undefined ? whole(values.seeds) : Number.MAX_SAFE_INTEGER;
  const workers = Math.min(whole(values.workers ?? String(availableParallelism())), Math.ceil(seeds / SEEDS_APART_MIN));
  const secondsMax = Number(values.seconds ?? Number.POSITIVE_INFINITY);
  const result =
    workers > 1
      ? await shared(from, seeds, workers)
      : await sweepSeeds(from, seeds, secondsMax, sabotage, FAILURES_MAX);
  const failures = [];
  for (const { seed, failure } of result.failures) {
    const small: Shrunk | null =
      failures.length < SHRUNK_MAX && !values['as-found']
        ? await shrink({ seed, without, sabotage }, SHRINK_SECONDS_MAX)
        : null;
    failures.push({
      seed,
      failure,
      replay: commandOf(seed, without, null),
      small: small && { ...small, without: [...small.without], replay: commandOf(seed, small.without, small.only) },
    });
  }
  if (values.json) console.log(JSON.stringify({ ...result, from, failures }));
  else {
    for (const { seed, failure, replay, small } of failures) {
      console.log(`seed ${seed}: ${failure}\n  ${replay}\n`);
      if (small === null) continue;
      console.log(`made small, ${small.only.length} of ${small.of} events: ${small.failure}\n  ${small.replay}\n`);
      if (small.trace.length > TRACE_LINES_MAX) console.log(`  (${small.trace.length - TRACE_LINES_MAX} lines before)`);
      for (const line of small.trace.slice(-TRACE_LINES_MAX)) console.log(`  ${line}`);
      console.log('');
    }
    const { seconds, steps } = result;
    console.log(
      `${result.seeds} seeds from ${from}: ${failures.length} failed; ${steps} steps in ${seconds.toFixed(1)} s: ${Math.round(steps / seconds)} steps/s, ${(result.seeds / seconds).toFixed(1)} seeds/s`,
    );
    console.log(
      Object.entries(result.counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(', '),
    );
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
}
