import { randomInt } from 'node:crypto';
import { decimalNumber, option, runProgram, tell, text, wholeNumber } from '@bifold/cli/command-line';

interface Options {
  readonly runs: number;
  readonly seed?: number;
  readonly path?: string;
  readonly readers?: true;
  readonly minutes: number;
  readonly json?: true;
}

const path = text({ pattern: /^\d+(:\d+)*$/, allowed: 'whole numbers with colons between', example: '17:0:3' });

const PROGRAM = {
  name: 'fuzz',
  description: `Draws random pipelines and logs, folds each log as the functions do, and compares every answer with a plain
fold, to the last bit. docs/exactness.md lists what is drawn. A failure is shrunk, and printed with the command that
replays it. With --readers, mutates the files of test/files instead, and converts them: a reader never crashes, never
hangs, and refuses by Bifold's own codes.`,
  options: [
    option('--runs <n>', 'number of pipelines', wholeNumber({ from: 1 }), 1000),
    option('--seed <n>', 'seed of the random pipelines (default: random, printed)', wholeNumber()),
    option('--path <path>', 'replay the failure at this printed path; needs --seed', path),
    option('--readers', 'mutate files, and read them'),
    option('--minutes <n>', 'duration of --readers', decimalNumber(), 1),
    option('--json', 'print one JSON object to standard output, and progress to standard error'),
  ],
  requires: { path: 'seed', minutes: 'readers' },
  exitCodes: {
    0: 'all answers were equal, and no reader broke a rule',
    1: 'an answer was not equal, or a rule was broken',
  },
  examples: [
    '',
    '-- --runs 5000',
    '-- --seed 42 --path 17:0:3',
    '--silent -- --runs 200 --json',
    '-- --readers --minutes 30',
  ],
};

await runProgram<Options>(PROGRAM, ({ options }) => (options.readers ? fuzzFiles(options) : fuzzPipelines(options)));

async function fuzzFiles({ minutes, seed = randomInt(2 ** 31 - 1), path: only, json }: Options): Promise<number> {
  const { fuzzForMinutes, readersText } = await import('./readers/report.ts');
  const say = json ? tell : console.log;
  const fuzzed = await fuzzForMinutes({ seed, minutes, only: only === undefined ? only : Number(only), say });
  console.log(json ? JSON.stringify({ seed, ...fuzzed }) : readersText(seed, fuzzed));
  return fuzzed.found.length === 0 ? 0 : 1;
}

async function fuzzPipelines({ runs, seed: given, path: begun, json }: Options): Promise<number> {
  const [{ default: fc }, { randomCase }, { runRandomPipeline }] = await Promise.all([
    import('fast-check'),
    import('../laws/random/random-pipelines.ts'),
    import('../laws/random/run-random-pipeline.ts'),
  ]);
  const say = json ? tell : console.log;
  const seed = given ?? randomInt(2 ** 31 - 1);
  const started = performance.now();
  const counts = { pipelines: 0, rows: 0, generations: 0, poison: 0 };
  let isFound = false;
  const property = fc.asyncProperty(randomCase, async (random) => {
    const { rows, generations, poison } = await runRandomPipeline(random).catch((error: unknown) => {
      if (!isFound) say(`found, and is made smaller now: ${error instanceof Error ? error.message : error}`);
      isFound = true;
      throw error;
    });
    if (isFound) return;
    counts.pipelines++;
    counts.rows += rows;
    counts.generations += generations;
    counts.poison += poison;
    if (counts.pipelines % 500 === 0) say(`${counts.pipelines} pipelines, ${counts.rows} rows compared`);
  });
  const result = await fc.check(property, { seed, numRuns: runs, ...(begun === undefined ? {} : { path: begun }) });
  const seconds = (performance.now() - started) / 1000;
  const { errorInstance: error } = result;
  const failure = !result.failed
    ? null
    : {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        counterexample: result.counterexample?.[0],
        replay: `npm run fuzz -- --seed ${seed} --path ${result.counterexamplePath}`,
      };
  if (json) console.log(JSON.stringify({ seed, ...counts, seconds, failure }));
  else {
    console.log(
      `${counts.pipelines} pipelines from seed ${seed}: ${counts.rows} rows compared, ${counts.generations} generations, ${counts.poison} records quarantined; ${seconds.toFixed(1)} s`,
    );
    if (failure !== null) {
      console.log(`\n${failure.error}`);
      console.log(`\n${JSON.stringify(failure.counterexample, null, 1)}`);
      console.log(`\n${failure.replay}`);
    }
  }
  return failure === null ? 0 : 1;
}
