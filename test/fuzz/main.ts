import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { randomCase } from '../laws/random-pipelines.ts';
import { runRandomPipeline } from '../laws/run-random-pipeline.ts';

/** npm run fuzz -- [--runs N] [--seed N [--path PATH]] : random pipelines over random logs, each way against the plain fold. */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    path: { type: 'string' },
  },
});
const seed = values.seed === undefined ? randomInt(2 ** 31 - 1) : Number(values.seed);
const numRuns = Number(values.runs);
const started = performance.now();
const counts = { pipelines: 0, rows: 0, generations: 0, poison: 0 };
let isFound = false;
const property = fc.asyncProperty(randomCase, async (random) => {
  const { rows, generations, poison } = await runRandomPipeline(random).catch((error: unknown) => {
    if (!isFound) console.log(`found, and is made smaller now: ${error instanceof Error ? error.message : error}`);
    isFound = true;
    throw error;
  });
  if (isFound) return;
  counts.pipelines++;
  counts.rows += rows;
  counts.generations += generations;
  counts.poison += poison;
  if (counts.pipelines % 500 === 0) console.log(`${counts.pipelines} pipelines, ${counts.rows} rows compared`);
});
const result = await fc.check(property, { seed, numRuns, ...(values.path === undefined ? {} : { path: values.path }) });
const seconds = (performance.now() - started) / 1000;
console.log(
  `${counts.pipelines} pipelines from seed ${seed}: ${counts.rows} rows compared, ${counts.generations} generations, ${counts.poison} records quarantined; ${seconds.toFixed(1)} s`,
);
if (result.failed) {
  const [counterexample] = result.counterexample ?? [];
  console.log(`\n${result.errorInstance instanceof Error ? result.errorInstance.stack : String(result.errorInstance)}`);
  console.log(`\n${JSON.stringify(counterexample, null, 1)}`);
  console.log(`\nnpm run fuzz -- --seed ${seed} --path ${result.counterexamplePath}`);
  process.exitCode = 1;
}
