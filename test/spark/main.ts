import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { option, refusedValue, repeated, runProgram, tell, text, wholeNumber } from '@bifold/cli/command-line';
import type { ProgressEvent } from '@bifold/cloud';
import type { Outcome } from './run.ts';

const SEEDS = 2 ** 31;
const SEED_MAX = 9_999_999_999;
const INTERRUPTED = 130;

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

interface Options {
  readonly seed?: number;
  readonly only?: readonly string[];
  readonly list?: true;
  readonly json?: true;
}

const part = text({ allowed: 'a part of the name of a case, as --list shows them', example: 'session' });

const PROGRAM = {
  name: 'test:spark',
  description: `Runs the same definitions over the same rows in core's memory interpreter and in Spark Structured Streaming,
and compares the results.`,
  options: [
    option('--seed <n>', 'seed of the inputs (default: random, printed)', wholeNumber({ to: SEED_MAX })),
    option('--only <text>', 'run only cases whose name contains this text; may be repeated', repeated(part)),
    option('--list', 'list the names of the cases'),
    option('--json', 'print only one JSON object'),
  ],
  exitCodes: {
    0: 'every case is equal, or differs exactly as docs/coming-from-spark.md describes',
    1: 'a case differs in another way',
    130: 'after Ctrl-C',
  },
  examples: ['', '-- --seed 7 --only session', '-- --list', '--silent -- --json'],
  remarks: 'The first run installs Spark and Java into .bifold, and checks them against committed hashes.',
  holdsSockets: true,
} as const;

await runProgram<Options>(PROGRAM, async ({ options: { seed: given, only = [], list, json } }) => {
  const seed = given ?? Math.floor(Math.random() * SEEDS);
  const { allCases } = await import('./cases/index.ts');
  const known = allCases(seed);
  const cases = known.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
  if (cases.length === 0)
    throw refusedValue(
      PROGRAM,
      `--only with "${only.join('" or "')}"`,
      `what is in the name of one of the ${known.length} cases; --list shows all`,
      '--only session',
    );
  if (list) {
    for (const { name } of cases) console.log(name);
    return 0;
  }

  const [{ cloudPaths }, { ensureSpark }, { runCases }] = await Promise.all([
    import('@bifold/cloud'),
    import('../bench/spark.ts'),
    import('./run.ts'),
  ]);
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  // Benchmarks and comparisons share the installed software.
  const { softwareDir } = cloudPaths({ root });
  const bench = cloudPaths({ root, stateDir: join(root, '.bifold', 'bench'), softwareDir });
  const outcomes: Outcome[] = [];
  try {
    const software = await ensureSpark(bench, onProgress);
    if (!json) console.log(`${cases.length} cases, seed ${seed}`);
    for await (const outcome of runCases(cases, software, join(root, '.bifold', 'spark'), interrupted.signal)) {
      outcomes.push(outcome);
      if (!json) console.log(textOf(outcome));
    }
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    tell('interrupted');
    return INTERRUPTED;
  }
  const wrong = outcomes.filter(({ result }) => result === 'wrong');
  if (json) console.log(JSON.stringify({ seed, wrong: wrong.length, cases: outcomes }));
  else console.log(summaryOf(seed, outcomes));
  return wrong.length === 0 ? 0 : 1;
});

function textOf({ name, result, said, remarks, rows, seconds }: Outcome): string {
  const head = `${result.padEnd(7)} ${name}  (${rows} rows, ${seconds.toFixed(1)} s)`;
  const counted = Object.entries(remarks).map(([text, times]) => `${times} ${text}`);
  return [head, ...said, ...counted].join('\n        ');
}

function summaryOf(seed: number, outcomes: readonly Outcome[]): string {
  const of = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result);
  const wrong = of('wrong').map(({ name }) => `\n  npm run test:spark -- --seed ${seed} --only '${name}'`);
  const seconds = outcomes.reduce((total, outcome) => total + outcome.seconds, 0);
  return `\n${outcomes.length} cases: ${of('equal').length} equal, ${of('differs').length} differ as written down, ${wrong.length} wrong; ${seconds.toFixed(0)} s${wrong.join('')}`;
}

function onProgress(event: ProgressEvent): void {
  if (event.kind === 'done') tell(`  ${event.step}: ${(event.ms / 1000).toFixed(1)} s`);
  if (event.kind === 'failed') tell(`  ${event.step}: ${event.reason}`);
}
