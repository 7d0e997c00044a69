import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { version as bundlerVersion } from 'esbuild';

/**
 * The inputs of a build besides its sources: its options, and the files (patterns below `root`)
 * that influence how imports are resolved.
 */
export interface Recipe {
  readonly root: string;
  readonly options: object;
  readonly resolution: readonly string[];
}

/**
 * The result of a build: the files it read, those it wrote, and the caller's notes for the next
 * time.
 */
export interface Built<Notes> {
  /** Below `root`. */
  readonly inputs: readonly string[];
  readonly files: readonly { readonly path: string; readonly contents: Uint8Array }[];
  readonly notes: Notes;
}

interface Kept<Notes> {
  readonly folder: string;
  readonly notes: Notes;
}

/** The stored record of the last build. */
interface Memory<Notes> {
  readonly digest: string;
  readonly inputs: readonly string[];
  readonly notes: Notes;
}

/** The time for which older builds are kept, because another process may still read them. */
const OLD_AFTER_MS = 60 * 60_000;
const memoryFile = (home: string) => join(home, 'last.json');

/** The last build in `home`, if all its inputs are unchanged, byte for byte. */
export function cachedBuild<Notes>(home: string, recipe: Recipe): Kept<Notes> | null {
  if (!existsSync(memoryFile(home))) return null;
  const { digest, inputs, notes } = JSON.parse(readFileSync(memoryFile(home), 'utf8')) as Memory<Notes>;
  const folder = join(home, digest);
  return existsSync(folder) && digestOf(recipe, inputs) === digest ? { folder, notes } : null;
}

/**
 * Stores a build under the digest of its inputs. Concurrent builds see it only when it is complete.
 */
export function cacheBuild<Notes>(home: string, recipe: Recipe, { inputs, files, notes }: Built<Notes>): Kept<Notes> {
  const digest = digestOf(recipe, inputs);
  const folder = join(home, digest);
  mkdirSync(home, { recursive: true });
  const draft = mkdtempSync(join(home, 'draft-'));
  for (const { path, contents } of files) {
    mkdirSync(dirname(join(draft, path)), { recursive: true });
    writeFileSync(join(draft, path), contents);
  }
  removeOld(home);
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another process has stored the same build at the same time.
    if (!existsSync(folder)) throw error;
    rmSync(draft, { recursive: true });
  }
  const memory: Memory<Notes> = { digest, inputs, notes };
  const memoryDraft = `${memoryFile(home)}.${process.pid}`;
  writeFileSync(memoryDraft, JSON.stringify(memory));
  renameSync(memoryDraft, memoryFile(home));
  return { folder, notes };
}

function digestOf({ root, options, resolution }: Recipe, inputs: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([bundlerVersion, options]));
  for (const path of [...inputs, ...globSync([...resolution], { cwd: root }).sort()]) {
    const file = join(root, path);
    const content = existsSync(file) ? readFileSync(file) : '';
    hash.update(`\n${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 32);
}

function removeOld(home: string): void {
  for (const entry of readdirSync(home)) {
    const path = join(home, entry);
    const writtenAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - writtenAtMs > OLD_AFTER_MS) rmSync(path, { recursive: true, force: true });
  }
}
