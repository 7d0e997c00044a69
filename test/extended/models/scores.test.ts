/**
 * Models in the stream, on the real parts: promoted in the middle of it, scored in both layers,
 * verified, asked again.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { wineModel } from '@bifold/example-wine';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Bifold, bifoldIn, until } from '../../integration/local/bifold.ts';

interface Row {
  readonly key: { readonly id: number };
  readonly values: { readonly cultivar: string | null; readonly certainty: number | null };
}
interface Answer {
  readonly rows: readonly Row[];
  readonly receipt: { readonly models: Record<string, readonly string[]>; readonly digest: string };
}

const folder = mkdtempSync(join(tmpdir(), 'bifold-scores-test-'));
let bifold: Bifold;
let sent = 0;

const alcoholOf = (id: number): number | null => (id % 9 === 0 ? null : 11 + ((id * 37) % 400) / 100);

/**
 * One tree: up to the threshold of alcohol, which counts as 12 where it is null, one share of the
 * cultivars, else the other.
 */
interface Stump {
  readonly version: string;
  readonly threshold: number;
  readonly below: readonly number[];
  readonly above: readonly number[];
}
const FIRST: Stump = { version: 'v1', threshold: 13, below: [0.25, 0.5, 0.25], above: [0.75, 0.25, 0] };
const SECOND: Stump = { version: 'v2', threshold: 12.5, below: [0, 0.125, 0.875], above: [0.375, 0.5, 0.125] };
const CULTIVARS = ['barbera', 'barolo', 'grignolino'] as const;
const said = ({ threshold, below, above }: Stump, alcohol: number | null): readonly [string, number] => {
  const shares = Math.fround(alcohol ?? 12) <= threshold ? below : above;
  const most = Math.max(...shares);
  return [CULTIVARS[shares.indexOf(most)] as string, most];
};

const MEASURES = wineModel.features.map(({ field }) => field);
const NOTHING_ELSE = Object.fromEntries(MEASURES.map((field) => [field, null]));

/** Distributions like those that training keeps, of a thousand wines like those of the stream. */
function distributionsOf(stump: Stump): object {
  const wines = Array.from({ length: 1_000 }, (_, id) => alcoholOf(id));
  const present = wines.filter((alcohol) => alcohol !== null);
  const between = (from: number, to: number) => present.filter((alcohol) => alcohol >= from && alcohol < to).length;
  const edges = [12, 13, 14];
  const alcohol = {
    type: 'number',
    nulls: wines.length - present.length,
    edges,
    counts: [between(0, 12), between(12, 13), between(13, 14), between(14, 99)],
  };
  const unknown = { type: 'number', nulls: wines.length, edges: [], counts: [0] };
  const scores = CULTIVARS.map((cultivar) => wines.filter((each) => said(stump, each)[0] === cultivar).length);
  return {
    features: MEASURES.map((field) => (field === 'alcohol' ? alcohol : unknown)),
    score: { type: 'category', nulls: 0, values: CULTIVARS, counts: [...scores, 0] },
  };
}

function writeVersion(
  stump: Stump,
  accuracy: number,
  goldenOf: (alcohol: number | null) => readonly [string, number],
): string {
  const rows = Array.from({ length: 50 }, (_, id) => ({ alcohol: alcoholOf(id) }));
  const { version, threshold, below, above } = stump;
  const files = {
    'model.json': {
      format: 1,
      name: 'wine',
      version,
      task: 'classification',
      classes: CULTIVARS,
      featurePlan: 'alcohol',
      features: MEASURES.map((field) => ({ field, type: 'number', impute: 12, mean: 0, scale: 1 })),
      distributions: distributionsOf(stump),
      model: {
        kind: 'forest',
        trees: [
          {
            feature: [0, -1, -1],
            threshold: [threshold, -2, -2],
            left: [1, -1, -1],
            right: [2, -1, -1],
            value: [[0, 0, 0], below, above],
          },
        ],
      },
    },
    'golden.json': {
      rows,
      predictions: rows.map(({ alcohol }) => goldenOf(alcohol)[0]),
      probabilities: rows.map(({ alcohol }) => (Math.fround(alcohol ?? 12) <= threshold ? below : above)),
    },
    'metrics.json': { heldOut: { accuracy } },
  };
  const own = join(folder, version);
  mkdirSync(own);
  const texts = Object.entries(files).map(([name, value]) => [name, JSON.stringify(value)] as const);
  for (const [name, text] of texts) writeFileSync(join(own, name), text);
  const sums = texts.map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]);
  writeFileSync(join(own, 'manifest.json'), JSON.stringify({ files: Object.fromEntries(sums) }));
  return own;
}

/** Sends this number of wines. */
async function produce(wines: number, day = '2026-11-22', alcoholBy = alcoholOf): Promise<void> {
  const lines = Array.from({ length: wines }, (_, index) => {
    const id = sent + index;
    return JSON.stringify({ ...NOTHING_ELSE, id, at: `${day}T00:00:00Z`, alcohol: alcoholBy(id) });
  });
  sent += wines;
  const file = join(folder, 'wines.jsonl');
  writeFileSync(file, `${lines.join('\n')}\n`);
  await bifold.done('produce', 'wine', '--file', file);
}

/** Sends this number, and waits until the answers of both pipelines cover them. */
async function send(wines: number): Promise<void> {
  await produce(wines);
  await Promise.all(['wine', 'wine-drift'].map((pipeline) => bifold.waitForLag(pipeline, 0)));
}

/** The line that `bifold watch` prints when this wine comes into the view. */
async function watchFor(id: number): Promise<unknown> {
  const program = fileURLToPath(new URL('../../../infra/cli/bin/bifold.js', import.meta.url));
  const args = [program, 'watch', 'wine', '--every', '200ms', '--json'];
  const child = spawn(process.execPath, args, { env: bifold.env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const change = JSON.parse(line);
      if (change.key.id === id) return change;
    }
  } finally {
    child.kill('SIGINT');
  }
  throw new Error('watch ended by itself');
}

const ask = async (): Promise<Answer> =>
  JSON.parse(await bifold.done('query', 'wine', '--window', 'all', '--all', '--json'));

/**
 * The number of rows with each version's result for their wine; null counts those without a score.
 * Every row must be one of them.
 */
function counted({ rows }: Answer, stumps: readonly Stump[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { key, values } of rows) {
    const given = JSON.stringify([values.cultivar, values.certainty]);
    const by = stumps.filter((stump) => JSON.stringify(said(stump, alcoholOf(key.id))) === given);
    const name = values.cultivar === null && values.certainty === null ? 'null' : (by[0]?.version ?? 'NOBODY');
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

beforeAll(async () => {
  // A separate cloud: other tests may have models of that name, and a pointer stays.
  bifold = bifoldIn('scores');
  await bifold.done('up');
  const rates = ['archiveRate', 'recomputeRate', 'sweepRate'].flatMap((name) => ['-c', `${name}=rate(1 day)`]);
  await bifold.done('deploy', 'wine', 'wine-drift', '--topic-partitions', '2', ...rates, '-c', 'training=installed');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await bifold.done('down', '--delete');
});

it('lets records wait while there is no version, as the definition says, then scores them with the one that is promoted', async () => {
  const early = await bifold.run('train', 'alcohol', '--deployed');
  expect([early.status, early.stdout]).toEqual([1, expect.stringContaining('nothing is published')]);
  await produce(60);
  const lagOf = async () => (await bifold.status()).pipelines.find(({ pipeline }) => pipeline === 'wine')?.lag;
  await until('records that wait', lagOf, (lag) => lag === 60);
  expect((await ask()).rows).toEqual([]);

  await bifold.done(
    'model',
    'add',
    writeVersion(FIRST, 0.9, (alcohol) => said(FIRST, alcohol)),
  );
  expect((await bifold.run('model', 'add', join(folder, 'v1'))).status).toBe(1);
  expect(await bifold.done('model', 'list')).toMatch(/^wine +v1$/m);
  expect(await bifold.done('model', 'promote', 'wine')).toContain('v1 is the current version, the first');
  await bifold.waitForLag('wine', 0);
  const scored = await ask();
  expect(counted(scored, [FIRST])).toEqual({ v1: 60 });
  expect(scored.receipt.models).toEqual({ certainty: ['v1'], cultivar: ['v1'] });
});

it('promotes no version that is worse, or scored otherwise than in training', async () => {
  await bifold.done(
    'model',
    'add',
    writeVersion(SECOND, 0.8, (alcohol) => said(SECOND, alcohol)),
  );
  const worse = await bifold.run('model', 'promote', 'wine', 'v2');
  expect([worse.status, worse.stderr]).toEqual([1, expect.stringContaining('[BIFOLD_MODEL_WORSE]')]);
  expect(await bifold.done('model', 'compare', 'wine', 'v2')).toMatch(/accuracy +0\.800000 +0\.900000 +-0\.100000/);
  await bifold.done(
    'model',
    'add',
    writeVersion({ ...SECOND, version: 'v3' }, 0.99, () => ['barolo', 1]),
  );
  const other = await bifold.run('model', 'promote', 'wine', 'v3', '--even-if-worse');
  expect([other.status, other.stderr]).toEqual([1, expect.stringContaining('[BIFOLD_GOLDEN_DIFFERS]')]);
  const unknown = await bifold.run('model', 'promote', 'wine', 'v9');
  expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('[BIFOLD_UNKNOWN_MODEL]')]);
  expect(await bifold.json('model', 'show', 'wine')).toMatchObject({ version: 'v1', measures: { accuracy: 0.9 } });
});

it('gives the same scores in the batch layer, and an old answer to the byte when other versions are current', async () => {
  await bifold.done('model', 'promote', 'wine', 'v2', '--even-if-worse');
  const seen = watchFor(sent);
  await send(100);
  expect(await seen).toMatchObject({ change: 'new', window: { name: 'all' } });
  const speed = await ask();
  const counts = counted(speed, [FIRST, SECOND]);
  expect(counts.NOBODY).toBeUndefined();
  expect(counts.v2).toBeGreaterThan(0);
  await bifold.done('archive', 'wine');
  await bifold.done('recompute', 'wine');
  const batch = await ask();
  expect(batch.rows).toEqual(speed.rows);
  expect(batch.receipt.models.certainty).toEqual(['v1', 'v2']);
  expect(await bifold.json('verify', 'wine', '--against', 'both')).toMatchObject({ equal: true, records: 160 });

  const kept = await bifold.done('query', 'wine', '--window', 'all', '--all', '--json');
  const file = join(folder, 'answer.json');
  writeFileSync(file, kept);
  expect(await bifold.done('model', 'rollback', 'wine')).toContain('v1 is the current version again');
  await send(50);
  expect(await bifold.done('query', '--as-of', file, '--json')).toBe(kept);
  expect(await bifold.done('query', 'wine', '--window', 'all')).toMatch(/model +cultivar: v1, v2/);
  expect(await bifold.json('verify', 'wine')).toMatchObject({ equal: true, records: 210 });
});

it('trains nothing where there is nothing to learn, says why, and leaves the registry as it is', async () => {
  const refused = await bifold.run('train', 'alcohol', '--deployed');
  expect([refused.status, refused.stdout]).toEqual([1, expect.stringContaining('[BIFOLD_FEATURE_EMPTY]')]);
  expect(await bifold.done('model', 'list')).not.toContain('alcohol');
  expect(await bifold.done('logs', 'wine-train')).toMatch(/"refusedTrainings":1/);
});

it('tells a stream that has drifted from one that is as in training', async () => {
  const drift = async (...args: string[]) => {
    const { status, stdout } = await bifold.run('model', 'drift', 'wine', ...args);
    return { status, stdout };
  };
  const driftOf = async (...args: string[]) => {
    const { status, stdout } = await drift(...args, '--json');
    const { records, version, verdict, drifts } = JSON.parse(stdout);
    const drifted = drifts.filter((each: { verdict: string }) => each.verdict === 'drifted');
    return { status, records, version, verdict, drifted: drifted.map((each: { feature: string }) => each.feature) };
  };
  await bifold.waitForLag('wine-drift', 0);
  const before = await driftOf();
  expect(before).toEqual({ status: 0, records: expect.any(Number), version: 'v1', verdict: 'stable', drifted: [] });
  const other = await driftOf('v2');
  expect([other.status, other.version, before.records + other.records]).toEqual([0, 'v2', 210]);

  const stronger = (id: number) => (alcoholOf(id) ?? 12) + 2;
  await produce(100, '2026-11-23', stronger);
  await bifold.waitForLag('wine-drift', 0);
  const after = await driftOf();
  expect(after).toMatchObject({ status: 1, records: 100, version: 'v1', verdict: 'drifted' });
  expect(after.drifted).toContain('alcohol');
  expect((await driftOf('--to', '2026-11-23T00:00:00Z')).verdict).toBe('stable');
  expect((await driftOf('--window', 'ever')).records).toBe(before.records + 100);
  expect((await drift('--drifted', '1000')).status).toBe(0);
  expect((await drift()).stdout).toMatch(/alcohol .*[▁-█].* drifted/);
  const { warnings } = (await bifold.status()).pipelines.find(({ pipeline }) => pipeline === 'wine-drift') as never;
  expect(warnings).toEqual(expect.arrayContaining([expect.stringContaining('"alcohol" has drifted')]));

  // The counts are a view like any other: batch and speed agree, and the function that publishes it
  // measures it.
  await bifold.done('archive', 'wine-drift');
  await bifold.done('recompute', 'wine-drift');
  expect(await driftOf()).toEqual(after);
  expect(await bifold.json('verify', 'wine-drift')).toMatchObject({ equal: true, records: 310 });
  expect(await bifold.done('logs', 'wine-drift-recompute')).toMatch(/"driftedFeatures":[1-9]/);
});
