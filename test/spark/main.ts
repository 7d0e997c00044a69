import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cloudPaths, type ProgressEvent } from '@bifold/cloud';
import { ensureSpark } from '../bench/spark.ts';
import { allCases } from './cases/index.ts';
import { type Outcome, runCases } from './run.ts';

const HELP = `npm run test:spark -- [options]

Runs the same definitions over the same rows twice, by core's memory interpreter and by Spark Structured Streaming, and
compares the results: status 0 if each is equal, or differs exactly as docs/coming-from-spark.md says; 1 if not; 2 if
the command was wrong; 130 after Ctrl-C.

  --seed N       what the inputs are drawn from (drawn, and printed)
  --only TEXT    the cases alone whose name has this text; may be repeated
  --list         the names of the cases
  --json         print one JSON object in the end, and nothing else

Examples:
  npm run test:spark
  npm run test:spark -- --seed 7 --only session
  npm run test:spark -- --json

Spark and its Java are installed at the first time, from committed hashes, into .bifold.`;

const SEEDS = 2 ** 31;
const WRONG_COMMAND = 2;
const INTERRUPTED = 130;

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const tell = (text: string) => process.stderr.write(`${text}\n`);

/** What a person types; null when it was wrong, and that was said. */
function options() {
  try {
    return parseArgs({
      options: {
        seed: { type: 'string', default: String(Math.floor(Math.random() * SEEDS)) },
        only: { type: 'string', multiple: true, default: [] },
        list: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    tell(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return null;
  }
}

async function main(): Promise<number> {
  const values = options();
  if (values === null) return WRONG_COMMAND;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (!/^\d{1,10}$/.test(values.seed)) {
    tell(`--seed is "${values.seed}"; allowed is a whole number, as in --seed 7`);
    return WRONG_COMMAND;
  }
  const seed = Number(values.seed);
  const known = allCases(seed);
  const cases = known.filter(({ name }) => values.only.length === 0 || values.only.some((text) => name.includes(text)));
  if (cases.length === 0) {
    tell(`no case has ${values.only.join(' or ')} in its name; --list shows all ${known.length}`);
    return WRONG_COMMAND;
  }
  if (values.list) {
    for (const { name } of cases) console.log(name);
    return 0;
  }

  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new Error('interrupted'));
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  // What the benchmarks installed is taken, and the other way round.
  const { softwareDir } = cloudPaths({ root });
  const bench = cloudPaths({ root, stateDir: join(root, '.bifold', 'bench'), softwareDir });
  const outcomes: Outcome[] = [];
  try {
    const software = await ensureSpark(bench, onProgress);
    if (!values.json) console.log(`${cases.length} cases, seed ${seed}`);
    for await (const outcome of runCases(cases, software, join(root, '.bifold', 'spark'), interrupted.signal)) {
      outcomes.push(outcome);
      if (!values.json) console.log(textOf(outcome));
    }
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    tell('interrupted');
    return INTERRUPTED;
  }
  const wrong = outcomes.filter(({ result }) => result === 'wrong');
  if (values.json) console.log(JSON.stringify({ seed, wrong: wrong.length, cases: outcomes }));
  else console.log(summaryOf(seed, outcomes));
  return wrong.length === 0 ? 0 : 1;
}

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

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    tell(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  },
);
