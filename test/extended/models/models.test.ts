import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, sharedBifold } from '../../integration/local/bifold.ts';
import { commandsOf, inShell, lastingLines } from '../../integration/local/page.ts';

const folder = mkdtempSync(join(tmpdir(), 'bifold-models-'));
let bifold: Bifold;
beforeAll(async () => {
  bifold = await sharedBifold();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shown = commandsOf('models.md');

/**
 * Keeps the lines that are the same in every run and on every machine. Times, versions, ids and
 * partial progress are removed. Of measures only the presence remains, since another build of a
 * library rounds differently.
 */
const lasting = (text: string): readonly string[] =>
  lastingLines(text, (line) =>
    /^[✓…] |^time|^report|^ {12}\d: \[/.test(line)
      ? null
      : line
          .replaceAll(/\d{8}-\d{6}-[0-9a-f]{8}/g, 'VERSION')
          .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|sha256:[0-9a-f]{64}/g, 'ID')
          .replaceAll(/\(?\d[\d.]* s\)?/g, 'TIME')
          .replaceAll(/-?\d+(,\d{3})*\.\d+(e-\d+)?/g, 'NUMBER')
          .replaceAll(/generation \d+/g, 'GENERATION')
          .replaceAll(/\d+ from batch \(\d+ %\), \d+ from speed/g, 'PARTS'),
  );

describe('docs/models.md', () => {
  it('shows every command', () => {
    const commands = shown.map(({ command }) => command).join('\n');
    for (const name of ['explore', 'synth', 'train', 'example wine', 'example salary'])
      expect(commands).toContain(`npx bifold ${name}`);
  });

  it.each(shown)('$command', async ({ command, output: written }) => {
    const { status, output } = await inShell(bifold, folder, command);
    expect({ status, output: lasting(output) }).toEqual({ status: 0, output: lasting(written) });
  });

  it('every person has one row with a prediction, the same in both layers and in the plain fold', async () => {
    const { rows } = await bifold.json<{ rows: { values: { prediction: number } }[] }>(
      'query',
      'salary',
      '--window',
      'all',
      '--all',
    );
    expect(rows).toHaveLength(526);
    for (const { values } of rows) expect(values.prediction).toBeGreaterThan(1_000);
    await expect(bifold.json('verify', 'salary')).resolves.toMatchObject({ equal: true });
  });
});

/** The response of a deployed pipeline's training function. */
async function trainDeployed(model: string) {
  const { status, stdout, stderr } = await bifold.run('train', model, '--deployed', '--json');
  if (stdout === '') throw new Error(stderr);
  return { status, result: JSON.parse(stdout) };
}

describe('a version whose ONNX file was exchanged', () => {
  it('is neither promoted nor taken as a challenger, although its manifest agrees', async () => {
    const versions = join(folder, 'exchanged');
    const from = ['--from', join(folder, 'wine.csv'), '--no-register', '--out', versions];
    const { folder: own } = await bifold.json<{ folder: string }>('train', 'wine', ...from);
    const onnx = readFileSync(join(own, 'model.onnx'));
    // Weights of the logistic regression, as 32-bit floats.
    for (let at = onnx.indexOf('coefficients') + 12; at < onnx.length - 4; at += 97) onnx[at] = (onnx[at] ?? 0) ^ 1;
    writeFileSync(join(own, 'model.onnx'), onnx);
    const manifest = JSON.parse(readFileSync(join(own, 'manifest.json'), 'utf8'));
    const version = manifest.version as string;
    expect(await bifold.run('model', 'add', own)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('BIFOLD_MODEL_DAMAGED'),
    });
    manifest.files['model.onnx'] = createHash('sha256').update(onnx).digest('hex');
    writeFileSync(join(own, 'manifest.json'), JSON.stringify(manifest));
    expect(await bifold.run('model', 'add', own)).toMatchObject({ status: 0 });
    const before = await bifold.json('model', 'list', 'wine');
    for (const command of ['promote', 'challenge'])
      expect(await bifold.run('model', command, 'wine', version)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/got[\s\S]*expected[\s\S]*fix[\s\S]*\[BIFOLD_ONNX_DIFFERS\]/),
      });
    expect(await bifold.json('model', 'list', 'wine')).toEqual(before);
  });
});

describe('training as a function', () => {
  it('learns a candidate from what was published since the last version, and nothing twice', async () => {
    const done = async (...args: string[]) => expect(await bifold.run(...args)).toMatchObject({ status: 0 });
    await done('deploy', 'wine', '-c', 'training=installed');
    const nothingNew = { status: 1, result: { trained: false, model: 'alcohol', reason: 'nothing-new' } };
    expect(await trainDeployed('alcohol')).toEqual(nothingNew);
    const known = async () =>
      (await bifold.json<{ versions: string[]; current: string }[]>('model', 'list', 'alcohol'))[0];
    const before = await known();

    await done('produce', 'wine', '--file', join(folder, 'wines.jsonl'));
    await bifold.waitForLag('wine', 0);
    await done('archive', 'wine');
    await done('recompute', 'wine');
    const { status, result } = await trainDeployed('alcohol');
    expect([status, result]).toEqual([
      0,
      expect.objectContaining({ trained: true, heldOut: expect.objectContaining({ rmse: expect.any(Number) }) }),
    ]);
    const after = await known();
    expect(after).toEqual({ ...before, versions: [...(before?.versions ?? []), result.version] });
    const { manifest } = await bifold.json<{ manifest: { rows: { learned: number } } }>(
      'model',
      'show',
      'alcohol',
      result.version,
    );
    expect(manifest.rows.learned).toBeGreaterThan(200);
    expect(await trainDeployed('alcohol')).toEqual(nothingNew);
    expect(await bifold.run('model', 'promote', 'alcohol', result.version)).toMatchObject({ status: 0 });
    // The cultivar is not in the stream.
    expect(await bifold.run('train', 'wine', '--deployed')).toMatchObject({ status: 2 });
  });
});
