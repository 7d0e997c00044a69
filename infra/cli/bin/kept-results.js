// Results of test files that passed, kept while nothing that the files can see has changed: plain JavaScript, no dependencies, as set-up.js.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { release } from 'node:os';
import { dirname, join, relative } from 'node:path';

/** Part of every key and of the store: a change of what either means makes all that is kept worthless. */
const FORMAT = 1;
const MINUTE_MS = 60_000;
/** What depends on the date, or on anything else that no key can name, is seen again after this time. */
const KEPT_FOR_MS = 7 * 24 * 60 * MINUTE_MS;
const LISTING_BYTES_MAX = 256 * 1024 * 1024;

const TEST = /\.test\.ts$/;
/** Their tests draw new inputs at each run, so that a run says nothing about the next. */
const DRAWN = /^test\/(laws|simulation|fuzz)\//;
/** Variables that programs, runtimes and services read. Others differ from terminal to terminal. */
const STEERING =
  /^(PATH|HOME|USER|TMPDIR|TZ|LANG|LANGUAGE|LC_.*|CI|NO_COLOR|FORCE_COLOR|.*_PROXY|_JAVA_OPTIONS|LD_.*|DYLD_.*|(BIFOLD|NODE|JAVA|JDK|AWS|CDK|PIP|SSL|JEST)_.*|PYTHON.*)$/i;

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
const digestOf = (...values) => sha256(JSON.stringify(values));
const digestOfFile = (path) => (existsSync(path) ? sha256(readFileSync(path)) : 'absent');

/** What git sees in the checkout, new files too. Null without git, without a repository, and within somebody else's, which may ignore any of our files. */
function filesSeenByGit(root) {
  // Within a hook, variables point git to that hook's repository.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const git = (...args) =>
    spawnSync('git', args, { cwd: root, env, encoding: 'utf8', maxBuffer: LISTING_BYTES_MAX, timeout: MINUTE_MS });
  const prefix = git('rev-parse', '--show-prefix');
  if (prefix.status !== 0 || prefix.stdout.trim() !== '') return null;
  const listed = git('ls-files', '--cached', '--others', '--exclude-standard', '-z');
  if (listed.status !== 0) return null;
  return [...new Set(listed.stdout.split('\0').filter((file) => file !== ''))].sort();
}

/** A file as it stands in the work tree. Null for a folder: git lists one for a repository within this one, and does not look into it. */
function contentOf(path) {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return 'absent';
  if (entry.isDirectory()) return null;
  const link = entry.isSymbolicLink() ? readlinkSync(path) : null;
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  return digestOf(link, entry.mode & 0o111, isFile ? digestOfFile(path) : 'no file');
}

/** What is installed of the local cloud: folders named by the digests of their locks, each with the stamp of its completion. */
function softwareIn(root) {
  const home = join(root, '.bifold', 'software');
  if (!existsSync(home)) return {};
  return Object.fromEntries(
    readdirSync(home)
      .sort()
      .map((name) => [name, digestOfFile(join(home, name, 'complete.json'))]),
  );
}

/** All that a test file can see, apart from the clock and the machine; null where that cannot be known. */
function inputsOf({ root, nodeVersion, env }) {
  const files = filesSeenByGit(root);
  if (files === null) return null;
  const contents = files.map((file) => [file, contentOf(join(root, file))]);
  if (contents.some(([, content]) => content === null)) return null;
  const machine = [process.platform, process.arch, release(), process.getuid?.() ?? null];
  const steering = Object.entries(env)
    .filter(([name]) => STEERING.test(name))
    .sort();
  const packages = digestOfFile(join(root, 'node_modules', '.package-lock.json'));
  // A test file is no input of another: nothing imports one, which `npm run arrows` makes sure of.
  const shared = contents.filter(([file]) => !TEST.test(file));
  return {
    shared: digestOf(FORMAT, nodeVersion, machine, steering, packages, shared),
    tests: new Map(contents.filter(([file]) => TEST.test(file))),
    software: softwareIn(root),
  };
}

/** Of one test file. Null for one that git does not see. */
const keyOf = ({ shared, tests }, software, file) =>
  tests.has(file) ? digestOf(shared, software, file, tests.get(file)) : null;

/** Whether a file, or what it imports from beside it, draws its inputs. */
function draws(root, file, seen = new Set()) {
  if (DRAWN.test(file)) return true;
  if (seen.has(file) || statSync(join(root, file), { throwIfNoEntry: false })?.isFile() !== true) return false;
  seen.add(file);
  const imported = [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)];
  return imported.some(
    ([, name]) => name === 'fast-check' || (name.startsWith('.') && draws(root, join(dirname(file), name), seen)),
  );
}

const sameWhereBoth = (before, after) =>
  Object.entries(before).every(([name, stamp]) => (after[name] ?? stamp) === stamp);

const isEntry = (entry) =>
  typeof entry?.key === 'string' && Number.isInteger(entry.tests) && Number.isFinite(entry.passedAtMs);

/** A store that is missing, damaged or of another format holds nothing. */
function read(storeFile) {
  try {
    const { format, files } = JSON.parse(readFileSync(storeFile, 'utf8'));
    return format === FORMAT && Object.values(files).every(isEntry) ? files : {};
  } catch {
    return {};
  }
}

/** Whole or not at all. */
function write(storeFile, files) {
  mkdirSync(dirname(storeFile), { recursive: true });
  const draft = `${storeFile}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ format: FORMAT, files }));
  renameSync(draft, storeFile);
}

/**
 * The results that a checkout keeps, under `.bifold`. `find` gives those of `files` that passed with inputs that are the same to the byte; `keep` takes in Jest's
 * report of a run. What changed while the tests ran was seen by nobody knows which of them: their results are not kept.
 */
export function keptResults({ root, nodeVersion, env, now = Date.now }) {
  const storeFile = join(root, '.bifold', 'kept-results.json');
  const inputs = () => inputsOf({ root, nodeVersion, env });
  const before = inputs();
  const lasts = ({ passedAtMs }) => passedAtMs <= now() && now() - passedAtMs < KEPT_FOR_MS;

  return {
    find(files) {
      if (before === null) return [];
      const kept = read(storeFile);
      return files
        .map((file) => ({ file, ...kept[file] }))
        .filter((entry) => isEntry(entry) && lasts(entry) && entry.key === keyOf(before, before.software, entry.file));
    },

    keep({ testResults, wasInterrupted }) {
      const after = inputs();
      const isKnown = before !== null && after !== null && !wasInterrupted;
      // A test may install what no test before it needed, and take away what nothing needs any more.
      const isInstalled = isKnown && sameWhereBoth(before.software, after.software);
      const files = Object.fromEntries(Object.entries(read(storeFile)).filter(([, entry]) => lasts(entry)));
      for (const { name, status, assertionResults } of testResults) {
        const file = relative(root, name);
        delete files[file];
        const hasPassed = status === 'passed' && assertionResults.every((test) => test.status === 'passed');
        if (!isInstalled || !hasPassed || assertionResults.length === 0 || draws(root, file)) continue;
        const key = keyOf(before, after.software, file);
        if (key !== null && key === keyOf(after, after.software, file))
          files[file] = { key, tests: assertionResults.length, passedAtMs: now() };
      }
      write(storeFile, files);
    },
  };
}

export const testsIn = (kept) => kept.reduce((sum, { tests }) => sum + tests, 0);

function ago(ms) {
  if (ms < MINUTE_MS) return `${Math.round(ms / 1000)} s`;
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 60 / 24)} days`;
}

/** What is said before a run. */
export function keptLine(kept, nowMs = Date.now()) {
  const ages = kept.map(({ passedAtMs }) => nowMs - passedAtMs);
  const [newest, oldest] = [ago(Math.min(...ages)), ago(Math.max(...ages))];
  const count = (number, of) => `${number.toLocaleString('en-US')} ${of}${number === 1 ? '' : 's'}`;
  return `kept   ${count(kept.length, 'file')}, ${count(testsIn(kept), 'test')}: passed with the same inputs ${newest === oldest ? oldest : `${newest} to ${oldest}`} ago (npm test -- --all runs them again)`;
}
