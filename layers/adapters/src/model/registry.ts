import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson, ModelError, type ModelPointer, type ModelRegistry } from '@bifold/core/engine';
import { checkFile, MANIFEST_FILE, NOTHING_PROMOTED, readManifest, readPointerState } from '@bifold/models/engine';
import { AdapterError } from '../errors.ts';
import type { Bucket } from '../s3/bucket.ts';
import { createOnce } from '../s3/create-once.ts';
import { numberedTexts } from '../s3/numbered-texts.ts';
import { withFile } from '../s3/small-objects.ts';

/** The table of pointers: one row for each model, moved by compare-and-set. */
export interface ModelPointers {
  read(name: string): Promise<ModelPointer>;
  /** Returns false if another writer moved it first. */
  move(name: string, expected: ModelPointer, next: ModelPointer): Promise<boolean>;
}

const ROOT = 'models/';

interface Registry {
  readonly bucket: Bucket;
  readonly pointers: ModelPointers;
}

/**
 * Models in a bucket, `models/<name>/<version>/<file>`, each file created only if absent and the
 * manifest last. So a version exists whole or not at all, and never changes. Every pointer is also
 * recorded in the bucket, because the database may be lost.
 */
export function modelRegistry(bucket: Bucket, pointers: ModelPointers): ModelRegistry {
  const registry: Registry = { bucket, pointers };
  return {
    names: () => bucket.folders(ROOT),
    versions: (name) => versionsOf(registry, name),
    create: (name, version, folder) => createVersion(registry, name, version, folder),
    read: (name, version, file, sizeBytesMax) => readModelFile(registry, name, version, file, sizeBytesMax),
    readPointer: (name) => readPointer(registry, name),
    recordedPointer: (name) => recordedPointer(registry, name),
    restorePointer: (name) => restorePointer(registry, name),
    movePointer: (name, expected, next) => movePointer(registry, name, expected, next),
  };
}

function folderOf(name: string, version: string): string {
  return `${ROOT}${name}/${version}/`;
}

async function versionsOf({ bucket }: Registry, name: string): Promise<readonly string[]> {
  const prefix = `${ROOT}${name}/`;
  const suffix = `/${MANIFEST_FILE}`;
  const keys = await bucket.list(prefix);
  return keys
    .filter((key) => key.endsWith(suffix))
    .map((key) => key.slice(prefix.length, -suffix.length))
    .filter((version) => !version.includes('/'));
}

/** @throws {AdapterError} for a folder that lacks a file of its manifest */
async function createVersion({ bucket }: Registry, name: string, version: string, folder: string): Promise<boolean> {
  const present = (await readdir(folder)).filter((file) => file !== MANIFEST_FILE);
  const manifest = readManifest(await readFile(join(folder, MANIFEST_FILE)), name, version);
  const files = Object.keys(manifest.files);
  const missing = files.filter((file) => !present.includes(file));
  if (missing.length > 0) throw incomplete(name, version, missing);
  for (const file of files) checkFile(manifest, name, version, file, await readFile(join(folder, file)));
  const target = folderOf(name, version);
  for (const file of files) {
    if (await createOnce(bucket, `${target}${file}`, join(folder, file), {})) continue;
    // An earlier attempt that failed may have left it: then it has the same bytes.
    const stored = await download(bucket, `${target}${file}`, Number.MAX_SAFE_INTEGER);
    if (stored === null || !(await readFile(join(folder, file))).equals(stored)) return false;
  }
  return createOnce(bucket, `${target}${MANIFEST_FILE}`, join(folder, MANIFEST_FILE), {});
}

/** @throws {ModelError} for a file that its manifest contradicts, or that is too large */
async function readModelFile(
  { bucket }: Registry,
  name: string,
  version: string,
  file: string,
  sizeBytesMax: number,
): Promise<Uint8Array | null> {
  const folder = folderOf(name, version);
  const manifestBytes = await download(bucket, `${folder}${MANIFEST_FILE}`, Number.MAX_SAFE_INTEGER);
  if (manifestBytes === null) return null;
  const manifest = readManifest(manifestBytes, name, version);
  if (file !== MANIFEST_FILE && manifest.files[file] === undefined) return null;
  const bytes = await download(bucket, `${folder}${file}`, sizeBytesMax);
  if (bytes !== null && file !== MANIFEST_FILE) checkFile(manifest, name, version, file, bytes);
  return bytes;
}

/** The bytes of an object; null if there is none. */
async function download(bucket: Bucket, key: string, sizeBytesMax: number): Promise<Uint8Array | null> {
  // Lists the bucket instead of reading the object: without the right to list, S3 answers 403, not
  // 404.
  if (!(await bucket.list(key)).includes(key)) return null;
  return withFile(async (path) => {
    await bucket.download(key, path);
    const { size } = await stat(path);
    if (size > sizeBytesMax) throw tooLarge(key, size, sizeBytesMax);
    return readFile(path);
  });
}

/** @throws {ModelError} when the database has none and the bucket has: the database was lost */
async function readPointer(registry: Registry, name: string): Promise<ModelPointer> {
  const pointer = await registry.pointers.read(name);
  if (pointer.generation > 0) return pointer;
  const recorded = await recordedPointer(registry, name);
  if (recorded !== null) throw pointerLost(name, recorded.generation);
  return pointer;
}

async function recordedPointer({ bucket }: Registry, name: string): Promise<ModelPointer | null> {
  const newest = await recordsOf(bucket, name).newest();
  return newest === null ? null : readPointerState(name, newest.number, newest.text);
}

async function restorePointer(registry: Registry, name: string): Promise<boolean> {
  const recorded = await recordedPointer(registry, name);
  return recorded !== null && registry.pointers.move(name, NOTHING_PROMOTED, recorded);
}

/** @throws {ModelError} when generations do not follow each other */
async function movePointer(
  { bucket, pointers }: Registry,
  name: string,
  expected: ModelPointer,
  next: ModelPointer,
): Promise<boolean> {
  if (next.generation !== expected.generation + 1) throw pointerJump(name, expected, next);
  // A caller that died after its move did not record it.
  if (expected.generation > 0) await record(bucket, name, expected);
  if (!(await pointers.move(name, expected, next))) return false;
  await record(bucket, name, next);
  return true;
}

async function record(bucket: Bucket, name: string, { generation, ...versions }: ModelPointer): Promise<void> {
  await recordsOf(bucket, name).record(generation, canonicalJson(versions));
}

function recordsOf(bucket: Bucket, name: string) {
  return numberedTexts(bucket, `${ROOT}${name}/pointers/`);
}

function pointerJump(name: string, expected: ModelPointer, next: ModelPointer): ModelError {
  return new ModelError('BIFOLD_MODEL_POINTER_JUMP', {
    failed: `moving the pointer of model "${name}"`,
    received: `generation ${next.generation} after ${expected.generation}`,
    allowed: 'the next generation number',
    remedy: 'read the pointer and build its successor',
  });
}

function tooLarge(key: string, size: number, sizeBytesMax: number): ModelError {
  return new ModelError('BIFOLD_MODEL_TOO_LARGE', {
    failed: `${key} cannot be loaded`,
    received: `${size} bytes`,
    allowed: `at most ${sizeBytesMax} bytes`,
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
