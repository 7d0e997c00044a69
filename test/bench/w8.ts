import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cloudPaths, ensureSoftware, type OnProgress } from '@bifold/cloud';
import type { Value } from '@bifold/core/engine';
import { readModel, scorerOf } from '@bifold/models/engine';

/**
 * Rows per second, scored by one thread. `together`: all rows in one call. `alone`: one call per
 * row, as in a stream.
 */
export interface ScoringRates {
  readonly model: 'linear' | 'forest' | 'boosting';
  readonly bifold: { readonly alone: number };
  readonly scikitLearn: { readonly together: number; readonly alone: number };
  readonly onnxRuntime: { readonly together: number; readonly alone: number };
  /** The largest relative difference to scikit-learn. */
  readonly onnxDifference: number;
}

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const sources = join(import.meta.dirname, 'scoring');
const NUMBERS = 8;
const ALONE_ROWS = 3_000;
const REPEATED = 5;

interface Learned {
  readonly model: { readonly name: string; readonly version: string };
  readonly predictions: readonly number[];
}

/**
 * W8: how fast models score, against the library that learned them and the runtime that is made for
 * it. All score the same rows; results are compared.
 */
export async function runW8(onProgress: OnProgress): Promise<readonly ScoringRates[]> {
  const paths = cloudPaths({ root });
  const { python } = await ensureSoftware(paths, onProgress);
  const cache = join(root, '.bifold', 'bench', 'scoring');
  mkdirSync(cache, { recursive: true });
  const requirements = join(root, 'functions', 'src', 'train', 'packaging', 'requirements.txt');
  const libraries = await installed(cache, requirements, (draft) =>
    run(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--require-hashes',
      '--target',
      draft,
      '-r',
      requirements,
    ]),
  );
  const lock = join(sources, 'package-lock.json');
  const runtime = await installed(cache, lock, async (draft) => {
    for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(sources, file), join(draft, file));
    await run('npm', ['ci', '--ignore-scripts'], { cwd: draft });
  });

  const out = mkdtempSync(join(tmpdir(), 'bifold-w8-'));
  try {
    const peer = join(sources, 'scoring_peer.py');
    const env = { ...process.env, PYTHONPATH: libraries };
    const { stdout } = await run(python, ['-s', peer, out], { env, maxBuffer: 1 << 26 });
    const rows = JSON.parse(readFileSync(join(out, 'rows.json'), 'utf8')) as Value[][];
    const rates: ScoringRates[] = [];
    for (const line of stdout.trim().split('\n')) {
      const { model, ...scikitLearn } = JSON.parse(line) as {
        model: ScoringRates['model'];
      } & ScoringRates['scikitLearn'];
      const learned = JSON.parse(readFileSync(join(out, `${model}.json`), 'utf8')) as Learned;
      const bifold = ownRate(learned, rows);
      const onnx = await onnxRates(runtime, join(out, `${model}.onnx`), rows, learned.predictions);
      rates.push({ model, bifold: { alone: bifold }, scikitLearn, ...onnx });
    }
    return rates;
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** A folder that is named by what its lock says, made once. */
async function installed(cache: string, lock: string, fill: (draft: string) => Promise<unknown>): Promise<string> {
  const folder = join(cache, createHash('sha256').update(readFileSync(lock)).digest('hex').slice(0, 12));
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  await fill(draft);
  renameSync(draft, folder);
  return folder;
}

function ownRate({ model, predictions }: Learned, rows: readonly Value[][]): number {
  const scorer = scorerOf(readModel(Buffer.from(JSON.stringify(model)), model.name, model.version));
  for (const [index, row] of rows.entries()) {
    const { value } = scorer.score(row);
    const expected = predictions[index] as number;
    const isSame = model.name === 'linear' ? Math.abs(value - expected) <= 1e-9 : value === expected;
    if (!isSame) throw new Error(`${model.name}: row ${index} is ${value}, scikit-learn says ${expected}`);
  }
  return median(
    Array.from({ length: REPEATED }, () => {
      const startedMs = performance.now();
      for (const row of rows) scorer.score(row);
      return (rows.length / (performance.now() - startedMs)) * 1000;
    }),
  );
}

interface Tensor {
  readonly data: ArrayLike<number>;
}
interface Onnx {
  readonly InferenceSession: {
    create(path: string, options: object): Promise<{ run(feeds: object): Promise<Readonly<Record<string, Tensor>>> }>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => Tensor;
}

async function onnxRates(runtime: string, file: string, rows: readonly Value[][], predictions: readonly number[]) {
  const { InferenceSession, Tensor } = createRequire(join(runtime, 'index.js'))('onnxruntime-node') as Onnx;
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const feedsOf = (some: readonly Value[][]): object => {
    const numbers = Array.from({ length: NUMBERS }, (_, column) => {
      const data = Float32Array.from(some, (row) => (row[column] === null ? Number.NaN : Number(row[column])));
      return [`n${column}`, new Tensor('float32', data, [some.length, 1])] as const;
    });
    const texts = new Tensor(
      'string',
      some.map((row) => row[NUMBERS]),
      [some.length, 1],
    );
    return Object.fromEntries([...numbers, ['c', texts]]);
  };
  const whole = await session.run(feedsOf(rows));
  const given = (Object.values(whole)[0] as Tensor).data;
  const differences = predictions.map(
    (expected, index) => Math.abs((given[index] as number) - expected) / Math.max(1, Math.abs(expected)),
  );
  const onnxDifference = differences.reduce((most, difference) => Math.max(most, difference), 0);
  const together: number[] = [];
  for (let repeat = 0; repeat < REPEATED; repeat++) {
    const startedMs = performance.now();
    await session.run(feedsOf(rows));
    together.push((rows.length / (performance.now() - startedMs)) * 1000);
  }
  const startedMs = performance.now();
  for (const row of rows.slice(0, ALONE_ROWS)) await session.run(feedsOf([row]));
  const alone = (ALONE_ROWS / (performance.now() - startedMs)) * 1000;
  return { onnxRuntime: { together: median(together), alone }, onnxDifference };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[sorted.length >> 1] as number;
}

/** The rates as a table. */
export function ratesText(rates: readonly ScoringRates[]): string {
  const whole = (value: number) => Math.round(value).toLocaleString('en').padStart(12);
  return [
    `${'rows/s, one thread'.padEnd(28)}${rates.map(({ model }) => model.padStart(12)).join('')}`,
    `${'Bifold, one by one'.padEnd(28)}${rates.map(({ bifold }) => whole(bifold.alone)).join('')}`,
    `${'scikit-learn, 20,000 at once'.padEnd(28)}${rates.map(({ scikitLearn }) => whole(scikitLearn.together)).join('')}`,
    `${'scikit-learn, one by one'.padEnd(28)}${rates.map(({ scikitLearn }) => whole(scikitLearn.alone)).join('')}`,
    `${'ONNX Runtime, 20,000 at once'.padEnd(28)}${rates.map(({ onnxRuntime }) => whole(onnxRuntime.together)).join('')}`,
    `${'ONNX Runtime, one by one'.padEnd(28)}${rates.map(({ onnxRuntime }) => whole(onnxRuntime.alone)).join('')}`,
    `${'ONNX off by at most'.padEnd(28)}${rates.map(({ onnxDifference }) => onnxDifference.toExponential(1).padStart(12)).join('')}`,
  ].join('\n');
}
