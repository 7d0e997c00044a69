import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelRegistry } from '@bifold/core/engine';
import { NOTHING_PROMOTED, promoted } from '@bifold/models/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

interface OpenRegistry {
  readonly registry: ModelRegistry;
  /** Overwrites an object, which production code never does. */
  put(key: string, localPath: string): Promise<void>;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The protocol's requirements on the registry: versions are complete and immutable, and only one of
 * several writers moves the pointer.
 */
export function modelRegistryContract(name: string, open: () => Promise<OpenRegistry>): void {
  describe(`${name}: model registry`, () => {
    let folder: string;
    const trained = async (files: Readonly<Record<string, string>>, manifest: object = {}): Promise<string> => {
      const own = await mkdtemp(join(folder, 'version-'));
      const sums = Object.fromEntries(Object.entries(files).map(([file, text]) => [file, sha256(text)]));
      const all = { ...files, 'manifest.json': JSON.stringify({ files: sums, ...manifest }) };
      for (const [file, text] of Object.entries(all)) await writeFile(join(own, file), text);
      return own;
    };
    const read = async ({ registry }: OpenRegistry, model: string, version: string, file: string) =>
      Buffer.from((await registry.read(model, version, file, 1000)) ?? '(none)').toString();
    const freshName = () => `model-${randomUUID().slice(0, 8)}`;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'bifold-registry-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('keeps each version as it was created', async () => {
      const opened = await open();
      const { registry } = opened;
      const model = freshName();
      expect(await registry.versions(model)).toEqual([]);
      expect(await registry.create(model, 'v2', await trained({ 'model.json': 'two', 'golden.json': '2' }))).toBe(true);
      expect(await registry.create(model, 'v1', await trained({ 'model.json': 'one' }))).toBe(true);
      expect(await registry.create(model, 'v1', await trained({ 'model.json': 'other' }))).toBe(false);
      expect(await registry.create(model, 'v1', await trained({ 'model.json': 'one' }, { more: 1 }))).toBe(false);
      expect(await registry.versions(model)).toEqual(['v1', 'v2']);
      expect(await registry.names()).toContain(model);
      expect(await read(opened, model, 'v1', 'model.json')).toBe('one');
      expect(await read(opened, model, 'v2', 'golden.json')).toBe('2');
      expect(await read(opened, model, 'v1', 'golden.json')).toBe('(none)');
      expect(await read(opened, model, 'v3', 'model.json')).toBe('(none)');
      expect(JSON.parse(await read(opened, model, 'v1', 'manifest.json'))).toMatchObject({ files: {} });
    });

    it('lets one of many create a version', async () => {
      const model = freshName();
      const racers = await Promise.all(Array.from({ length: 4 }, () => open()));
      const folders = await Promise.all(racers.map((_, index) => trained({ 'model.json': 'same' }, { index })));
      const won = await Promise.all(
        racers.map(({ registry }, index) => registry.create(model, 'v1', folders[index] as string)),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
    });

    it('does not know a version whose manifest was not written, and takes it up when it is written again', async () => {
      const opened = await open();
      const { registry, put } = opened;
      const model = freshName();
      const whole = await trained({ 'model.json': 'one' });
      await put(`models/${model}/v1/model.json`, join(whole, 'model.json'));
      expect(await registry.versions(model)).toEqual([]);
      expect(await read(opened, model, 'v1', 'model.json')).toBe('(none)');
      expect(await registry.create(model, 'v1', whole)).toBe(true);
      expect(await read(opened, model, 'v1', 'model.json')).toBe('one');
    });

    it('gives no file that is larger than asked for, or not what its manifest says', async () => {
      const opened = await open();
      const { registry, put } = opened;
      const model = freshName();
      await registry.create(model, 'v1', await trained({ 'model.json': 'x'.repeat(100) }));
      await expect(registry.read(model, 'v1', 'model.json', 99)).rejects.toMatchObject({
        code: 'BIFOLD_MODEL_TOO_LARGE',
      });
      const other = await trained({ 'model.json': 'other' });
      await put(`models/${model}/v1/model.json`, join(other, 'model.json'));
      const damaged = { code: 'BIFOLD_MODEL_DAMAGED' };
      await expect(registry.read(model, 'v1', 'model.json', 1000)).rejects.toMatchObject(damaged);
      await put(`models/${model}/v1/manifest.json`, join(other, 'model.json'));
      await expect(registry.read(model, 'v1', 'model.json', 1000)).rejects.toMatchObject(damaged);
      const incomplete = await trained({ 'model.json': 'x' });
      await rm(join(incomplete, 'model.json'));
      await expect(registry.create(model, 'v2', incomplete)).rejects.toMatchObject({ code: 'BIFOLD_MODEL_INCOMPLETE' });
    });

    it('lets one of many move the pointer', async () => {
      const racers = await Promise.all(Array.from({ length: 5 }, () => open()));
      const [{ registry }] = racers as [OpenRegistry];
      const model = freshName();
      expect(await registry.readPointer(model)).toEqual(NOTHING_PROMOTED);
      for (const expected of [NOTHING_PROMOTED, null]) {
        const before = expected ?? (await registry.readPointer(model));
        const moved = await Promise.all(
          racers.map((racer, index) =>
            racer.registry.movePointer(model, before, promoted(before, `v${before.generation}-${index}`)),
          ),
        );
        expect(moved.filter(Boolean)).toHaveLength(1);
        const after = await registry.readPointer(model);
        expect(after.generation).toBe(before.generation + 1);
        expect(after.current).toBe(`v${before.generation}-${moved.indexOf(true)}`);
        expect(after.previous).toBe(before.current);
      }
      const now = await registry.readPointer(model);
      expect(await registry.movePointer(model, NOTHING_PROMOTED, promoted(NOTHING_PROMOTED, 'late'))).toBe(false);
      await expect(registry.movePointer(model, now, { ...now, generation: 9 })).rejects.toMatchObject({
        code: 'BIFOLD_MODEL_POINTER_JUMP',
      });
      expect(await registry.readPointer(model)).toEqual(now);
    });
  });
}
