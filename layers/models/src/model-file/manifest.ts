import { createHash } from 'node:crypto';
import { ModelError } from '@bifold/core/engine';
import { Checks } from './checks.ts';

/**
 * The file that lists the files of a version. It is written last: a version without it does not
 * exist.
 */
export const MANIFEST_FILE = 'manifest.json';
const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;
const SHA256 = /^[0-9a-f]{64}$/;
const FILE_NAME = /^[a-z][a-z0-9.-]{0,63}$/;

/** The part of a manifest that is needed to read a version; training writes more into it. */
export interface ModelManifest {
  /** SHA-256 of each file, by its name. */
  readonly files: Readonly<Record<string, string>>;
  /** The whole content of the manifest. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** @throws {ModelError} if it is not a manifest */
export function readManifest(bytes: Uint8Array, name: string, version: string): ModelManifest {
  const checks = new Checks(
    (place, received, allowed) =>
      new ModelError('BIFOLD_MODEL_DAMAGED', {
        failed: `version "${version}" of model "${name}" cannot be read`,
        received: `${place}: ${received}`,
        allowed,
        remedy: 'train it again, or promote another version: npx bifold model list',
      }),
  );
  if (bytes.byteLength > MANIFEST_LIMIT_BYTES)
    throw checks.refuse(MANIFEST_FILE, `${bytes.byteLength} bytes`, `at most ${MANIFEST_LIMIT_BYTES} bytes`);
  const content = checks.object(MANIFEST_FILE, checks.json(MANIFEST_FILE, bytes));
  const files = checks.object('files', content.files);
  for (const [file, sha256] of Object.entries(files)) {
    if (!FILE_NAME.test(file)) throw checks.refuse('files', JSON.stringify(file), 'names like model.json');
    if (typeof sha256 !== 'string' || !SHA256.test(sha256))
      throw checks.refuse(`files["${file}"]`, JSON.stringify(sha256), 'a SHA-256 as 64 hexadecimal digits');
  }
  return { files: files as Readonly<Record<string, string>>, content };
}

/** @throws {ModelError} when a file is not what its manifest says */
export function checkFile(
  { files }: ModelManifest,
  name: string,
  version: string,
  file: string,
  bytes: Uint8Array,
): void {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (files[file] === sha256) return;
  throw new ModelError('BIFOLD_MODEL_DAMAGED', {
    failed: `version "${version}" of model "${name}" cannot be read`,
    received: `${file} of SHA-256 ${sha256}`,
    allowed: files[file] ?? `a file that its manifest names: ${Object.keys(files).join(', ')}`,
    remedy: 'train it again, or promote another version: npx bifold model list',
  });
}
