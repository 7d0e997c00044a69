import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Bifold, sharedBifold } from './local/bifold.ts';
import { commandsOf, inShell, lastingLines } from './local/page.ts';

jest.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), 'bifold-models-'));
let bifold: Bifold;
beforeAll(async () => {
  bifold = await sharedBifold();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shown = commandsOf('models.md');

/**
 * What lasts from run to run and from machine to machine: not times, versions and ids, not how far steps got before they ended, and of measures only that they are
 * there, since another build of a library rounds otherwise.
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
