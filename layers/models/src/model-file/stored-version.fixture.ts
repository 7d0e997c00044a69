import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelRegistry } from '@bifold/core/engine';

/** Stores a version whose `model.json` is this. */
export async function storeVersion(
  registry: ModelRegistry,
  name: string,
  version: string,
  model: unknown,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bifold-drawn-'));
  try {
    const text = JSON.stringify(model);
    await writeFile(join(folder, 'model.json'), text);
    const files = { 'model.json': createHash('sha256').update(text).digest('hex') };
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ files }));
    await registry.create(name, version, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
