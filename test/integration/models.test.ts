/** What docs/models.md shows is run here, in its order: from a file to a model, and on to a table of predictions in the merged view. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Bifold, sharedBifold } from './local/bifold.ts';

jest.setTimeout(300_000);

const root = fileURLToPath(new URL('../../', import.meta.url));
const program = join(root, 'infra', 'cli', 'bin', 'bifold.js');
const folder = mkdtempSync(join(tmpdir(), 'bifold-models-'));
let bifold: Bifold;
beforeAll(async () => {
  bifold = await sharedBifold();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each command with what the page says that it prints. */
const shown = readFileSync(join(root, 'docs', 'models.md'), 'utf8')
  .split('```console\n')
  .slice(1)
  .flatMap((block) => `\n${block.split('\n```')[0]}`.split('\n$ ').slice(1))
  .map((text) => {
    const [command = '', ...output] = text.split('\n');
    return { command, output: output.join('\n') };
  });

/**
 * What lasts from run to run and from machine to machine: not times, versions and ids, not how far steps got before they ended, and of measures only that they are
 * there, since another build of a library rounds otherwise.
 */
const lasting = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => !/^[✓…] |^time|^report|^ {12}\d: \[/.test(line))
    .map((line) =>
      line
        .replaceAll(/\d{8}-\d{6}-[0-9a-f]{8}/g, 'VERSION')
        .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|sha256:[0-9a-f]{64}/g, 'ID')
        .replaceAll(/\(?\d[\d.]* s\)?/g, 'TIME')
        .replaceAll(/-?\d+(,\d{3})*\.\d+(e-\d+)?/g, 'NUMBER')
        .replaceAll(/generation \d+/g, 'GENERATION')
        .replaceAll(/\d+ from batch \(\d+ %\), \d+ from speed/g, 'PARTS')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')
    .sort();

const inShell = (command: string): Promise<{ readonly status: number; readonly output: string }> =>
  new Promise((resolve) => {
    const script = `exec 2>&1\nset -o pipefail\nnpx() { shift; "${process.execPath}" "${program}" "$@"; }\n${command}`;
    execFile('bash', ['-c', script], { cwd: folder, env: bifold.env }, (error, output) =>
      resolve({ status: error === null ? 0 : Number(error.code), output }),
    );
  });

describe('docs/models.md', () => {
  it('shows every command', () => {
    const commands = shown.map(({ command }) => command).join('\n');
    for (const name of ['explore', 'synth', 'train', 'example wine', 'example salary'])
      expect(commands).toContain(`npx bifold ${name}`);
  });

  it.each(shown)('$command', async ({ command, output: written }) => {
    const { status, output } = await inShell(command);
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
