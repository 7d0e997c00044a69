import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from './attempt.ts';

/** A process that tries one file after another, since a reader may crash it or never end. */
const folder = mkdtempSync(join(tmpdir(), 'bifold-readers-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('disconnect', () => process.exit());
process.on('message', async ({ seed, index }: { readonly seed: number; readonly index: number }) => {
  const tried = await attempt(folder, seed, index);
  process.send?.({ ...tried, residentBytes: process.memoryUsage().rss });
});
