import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, ModelError, type ModelPointer, type ModelRegistry } from '@bifold/core/engine';
import { checkFile, MANIFEST_FILE, NOTHING_PROMOTED, readManifest, readPointerState } from '@bifold/models/engine';
import { AdapterError } from '../errors.ts';
import type { Bucket } from '../s3/bucket.ts';
import { createOnce } from '../s3/create-once.ts';
import { numberedTexts } from '../s3/numbered-texts.ts';

/** The store of pointers: one row for each model, moved by compare-and-set. */
export interface ModelPointers {
  read(name: string): Promise<ModelPointer>;
  /** Returns false if another writer moved it first. */
  move(name: string, expected: ModelPointer, next: ModelPointer): Promise<boolean>;
}

const ROOT = 'models/';

/**
 * Models in a bucket: `models/<name>/<version>/<file>`. Each file is created only if absent, and
 * the manifest is written last. So a version is complete or absent, and never changes. Pointers are
 * stored beside the versions.
 */
export function modelRegistry(bucket: Bucket, pointers: ModelPointers): ModelRegistry {
  const folderOf = (name: string, version: string) => `${ROOT}${name}/${version}/`;

  /** Null if there is no such object. */
  const download = async (key: string, mostBytes: number): Promise<Uint8Array | null> => {
    // Lists the bucket instead of reading the object: without the right to list, S3 answers 403,
    // not 404.
    if (!(await bucket.list(key)).includes(key)) return null;
    const folder = await mkdtemp(join(tmpdir(), 'bifold-model-'));
    try {
      const path = join(folder, 'file');
      await bucket.download(key, path);
      const { size } = await stat(path);
      if (size > mostBytes) throw tooLarge(key, size, mostBytes);
      return await readFile(path);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  const manifestOf = async (name: string, version: string) => {
    const bytes = await download(`${folderOf(name, version)}${MANIFEST_FILE}`, Number.MAX_SAFE_INTEGER);
    return bytes === null ? null : readManifest(bytes, name, version);
  };

  const recordsOf = (name: string) => numberedTexts(bucket, `${ROOT}${name}/pointers/`);
  const record = (name: string, { generation, ...versions }: ModelPointer): Promise<void> =>
    recordsOf(name).record(generation, canonicalJson(versions));
  const recordedPointer = async (name: string): Promise<ModelPointer | null> => {
    const found = await recordsOf(name).newest();
    return found === null ? null : readPointerState(name, found.number, found.text);
  };

  return {
    names: () => bucket.folders(ROOT),

    async versions(name) {
      const prefix = `${ROOT}${name}/`;
      const ends = `/${MANIFEST_FILE}`;
      const keys = await bucket.list(prefix);
      return keys
        .filter((key) => key.endsWith(ends))
        .map((key) => key.slice(prefix.length, -ends.length))
        .filter((version) => !version.includes('/'));
    },

    async create(name, version, folder) {
      const files = (await readdir(folder)).filter((file) => file !== MANIFEST_FILE);
      const manifest = readManifest(await readFile(join(folder, MANIFEST_FILE)), name, version);
      const named = Object.keys(manifest.files);
      const missing = named.filter((file) => !files.includes(file));
      if (missing.length > 0) throw incomplete(name, version, missing);
      for (const file of named) checkFile(manifest, name, version, file, await readFile(join(folder, file)));
      const target = folderOf(name, version);
      for (const file of named) {
        if (await createOnce(bucket, `${target}${file}`, join(folder, file), {})) continue;
        // An interrupted attempt may have left the file. Accept it if the content is the same.
        const stored = await download(`${target}${file}`, Number.MAX_SAFE_INTEGER);
        if (stored === null || !(await readFile(join(folder, file))).equals(stored)) return false;
      }
      return createOnce(bucket, `${target}${MANIFEST_FILE}`, join(folder, MANIFEST_FILE), {});
    },

    async read(name, version, file, mostBytes) {
      const manifest = await manifestOf(name, version);
      if (manifest === null || (file !== MANIFEST_FILE && manifest.files[file] === undefined)) return null;
      const bytes = await download(`${folderOf(name, version)}${file}`, mostBytes);
      if (bytes !== null && file !== MANIFEST_FILE) checkFile(manifest, name, version, file, bytes);
      return bytes;
    },

    async readPointer(name) {
      const pointer = await pointers.read(name);
      if (pointer.generation > 0) return pointer;
      const recorded = await recordedPointer(name);
      if (recorded !== null) throw pointerLost(name, recorded.generation);
      return pointer;
    },

    recordedPointer,

    async restorePointer(name) {
      const recorded = await recordedPointer(name);
      return recorded !== null && pointers.move(name, NOTHING_PROMOTED, recorded);
    },

    async movePointer(name, expected, next) {
      if (next.generation === expected.generation + 1) {
        // A process that died after moving the pointer did not record it.
        if (expected.generation > 0) await record(name, expected);
        if (!(await pointers.move(name, expected, next))) return false;
        await record(name, next);
        return true;
      }
      throw new ModelError('BIFOLD_MODEL_POINTER_JUMP', {
        failed: `moving the pointer of model "${name}"`,
        received: `generation ${next.generation} after ${expected.generation}`,
        allowed: 'the next generation number',
        remedy: 'read the pointer and build its successor',
      });
    },
  };
}

function tooLarge(key: string, size: number, mostBytes: number): ModelError {
  return new ModelError('BIFOLD_MODEL_TOO_LARGE', {
    failed: `${key} cannot be loaded`,
    received: `${size} bytes`,
    allowed: `at most ${mostBytes} bytes`,
    remedy: 'train a smaller model: fewer or shallower trees, fewer categories',
  });
}

function incomplete(name: string, version: string, missing: readonly string[]): AdapterError {
  return new AdapterError('BIFOLD_MODEL_INCOMPLETE', {
    failed: `version "${version}" of model "${name}" cannot be stored`,
    received: `a folder without ${missing.join(', ')}`,
    allowed: 'every file that its manifest names',
    remedy: 'train it again',
  });
}

function pointerLost(name: string, generation: number): ModelError {
  return new ModelError('BIFOLD_MODEL_POINTER_LOST', {
    failed: `which version of model "${name}" is used is missing from the database`,
    received: 'no pointer',
    allowed: `the pointer of generation ${generation}, which is recorded beside the versions`,
    remedy: 'restore a pipeline that scores with it: npx bifold restore <pipeline>',
  });
}
