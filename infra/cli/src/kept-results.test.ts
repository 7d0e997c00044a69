import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

interface Kept {
  readonly file: string;
  readonly tests: number;
  readonly passedAtMs: number;
}

interface Report {
  readonly wasInterrupted: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: 'passed' | 'failed';
    readonly assertionResults: readonly { readonly status: 'passed' | 'failed' | 'pending' | 'todo' }[];
  }[];
}

interface Store {
  find(files: readonly string[]): readonly Kept[];
  keep(report: Report): void;
}

interface Options {
  readonly root: string;
  readonly nodeVersion: string;
  readonly env: Readonly<Record<string, string>>;
  readonly now: () => number;
}

const bin = join(import.meta.dirname, '..', 'bin');
const { keptResults, keptLine } = (await import(join(bin, 'kept-results.js'))) as {
  keptResults(options: Options): Store;
  keptLine(kept: readonly Kept[], nowMs: number): string;
};

const HOUR_MS = 3_600_000;
const startMs = Date.UTC(2026, 0, 5);
const unit = 'layers/core/src/sum.test.ts';
const integration = 'test/integration/cloud.test.ts';
const law = 'test/laws/sums.test.ts';
const drawing = 'layers/core/src/drawing.test.ts';
const drawingByHelper = 'test/unit/drawing.test.ts';
const all = [unit, integration, law, drawing, drawingByHelper];

/** Apart from the word, by which this very file would count as one that draws. */
const fastCheck = 'fast-check';
const FILES: Readonly<Record<string, string>> = {
  '.gitignore': '.bifold/\nnode_modules/\n',
  'package-lock.json': '{}',
  'README.md': 'A page.',
  'layers/core/src/sum.ts': 'export const sum = 1;',
  'test/fixtures/page.ts': 'export const page = 1;',
  'test/unit/numbers.ts': `import fc from '${fastCheck}';`,
  'node_modules/.package-lock.json': '{}',
  '.bifold/software/jars-1/complete.json': '{}',
  [unit]: "import { sum } from './sum.ts';",
  [integration]: "import { page } from '../fixtures/page.ts'; // far from '../..'",
  [law]: "import { sum } from '@bifold/core';",
  [drawing]: `import fc from '${fastCheck}';`,
  [drawingByHelper]: "import { numbers } from './numbers.ts';",
};

let root: string;
const path = (file: string): string => join(root, file);
function write(file: string, text: string): void {
  mkdirSync(dirname(path(file)), { recursive: true });
  writeFileSync(path(file), text);
}
const { GIT_DIR: _, GIT_INDEX_FILE: __, GIT_WORK_TREE: ___, ...gitEnv } = process.env;
const git = (folder: string, ...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: folder, env: gitEnv, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bifold-kept-'));
  for (const [file, text] of Object.entries(FILES)) write(file, text);
  git(root, 'init', '--quiet');
  git(root, 'add', '--all');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (options: Partial<Options> = {}): Store =>
  keptResults({
    root,
    nodeVersion: 'v24.1.0',
    env: { PATH: '/bin', TERM_SESSION_ID: '1' },
    now: () => startMs,
    ...options,
  });

type Status = Report['testResults'][number]['assertionResults'][number]['status'];
const report = (files: readonly string[], ...statuses: readonly Status[]): Report => ({
  wasInterrupted: false,
  testResults: files.map((file) => ({
    name: path(file),
    status: statuses.includes('failed') ? 'failed' : 'passed',
    assertionResults: statuses.map((status) => ({ status })),
  })),
});
const passed = (...files: readonly string[]): Report => report(files, 'passed', 'passed', 'passed');
/** What a run in which all files pass leaves for the next run. */
const passAll = (options: Partial<Options> = {}): void => open(options).keep(passed(...all));
const found = (options: Partial<Options> = {}): readonly string[] =>
  open(options)
    .find(all)
    .map(({ file }) => file);
const storeFile = (): string => path('.bifold/kept-results.json');

describe('the result of a file that passed', () => {
  it('is kept while nothing has changed, with its tests and its time', () => {
    expect(found()).toEqual([]);
    passAll();
    expect(open({ now: () => startMs + HOUR_MS }).find(all)).toEqual([
      expect.objectContaining({ file: unit, tests: 3, passedAtMs: startMs }),
      expect.objectContaining({ file: integration, tests: 3, passedAtMs: startMs }),
    ]);
  });

  it('is never kept of tests that draw new inputs: laws, and whatever draws by fast-check, itself or by what it imports', () => {
    passAll();
    for (const file of [law, drawing, drawingByHelper]) expect(found()).not.toContain(file);
  });

  it.each([
    ['a source file', 'layers/core/src/sum.ts'],
    ['a page', 'README.md'],
    ['a helper of tests', 'test/fixtures/page.ts'],
    ['the lock file', 'package-lock.json'],
    ['a new file that is not yet added', 'layers/core/src/new.ts'],
    ['what is installed of npm', 'node_modules/.package-lock.json'],
    ['what is installed of the local cloud', '.bifold/software/jars-1/complete.json'],
    ['another installation of the local cloud', '.bifold/software/jars-2/complete.json'],
  ])('is not used after a change of %s', (_what, file) => {
    passAll();
    write(file, 'changed');
    expect(found()).toEqual([]);
  });

  it.each([
    ['has left', () => unlinkSync(path('README.md'))],
    ['has another name', () => git(root, 'mv', 'README.md', 'READ.md')],
    ['can be executed', () => chmodSync(path('README.md'), 0o755)],
    [
      'is a link now',
      () => {
        unlinkSync(path('README.md'));
        symlinkSync('package-lock.json', path('README.md'));
      },
    ],
  ])('is not used after a file %s', (_what, change) => {
    passAll();
    change();
    expect(found()).toEqual([]);
  });

  it('is not used after a link leads elsewhere, nor after a change of what it leads to, which git may not see', () => {
    write('.bifold/far.txt', 'far');
    write('.bifold/farther.txt', 'far');
    symlinkSync('.bifold/far.txt', path('link'));
    passAll();
    expect(found()).toEqual([unit, integration]);
    unlinkSync(path('link'));
    symlinkSync('.bifold/farther.txt', path('link'));
    expect(found()).toEqual([]);
    passAll();
    write('.bifold/farther.txt', 'changed');
    expect(found()).toEqual([]);
  });

  it('is used again when a change was taken back', () => {
    passAll();
    write('README.md', 'changed');
    write('README.md', FILES['README.md'] ?? '');
    expect(found()).toEqual([unit, integration]);
  });

  it('is not used after a change of its own file, and is after one of another test file or of what git ignores', () => {
    passAll();
    write(unit, 'changed');
    write(law, 'changed');
    write('test/unit/new.test.ts', 'new');
    write('.bifold/ports.json', 'changed');
    expect(found()).toEqual([integration]);
  });

  it('is not used on another Node, nor with other variables that steer; a terminal steers nothing', () => {
    passAll();
    expect(found({ nodeVersion: 'v24.2.0' })).toEqual([]);
    expect(found({ env: { PATH: '/usr/bin' } })).toEqual([]);
    expect(found({ env: { PATH: '/bin', BIFOLD_JAVA_OPTIONS: '-Xmx1g' } })).toEqual([]);
    expect(found({ env: { PATH: '/bin', TERM_SESSION_ID: '2' } })).toEqual([unit, integration]);
  });

  it('expires after a week, and is nothing when it comes from the future', () => {
    passAll();
    expect(found({ now: () => startMs + 7 * 24 * HOUR_MS - 1 })).toEqual([unit, integration]);
    expect(found({ now: () => startMs + 7 * 24 * HOUR_MS })).toEqual([]);
    expect(found({ now: () => startMs - 1 })).toEqual([]);
  });
});

describe('nothing is kept of a file', () => {
  it.each([
    ['that failed', ['passed', 'failed']],
    ['of which a test was skipped', ['passed', 'pending']],
    ['of which a test is still to be written', ['passed', 'todo']],
    ['without a test', []],
  ] as const)('%s, not even what was kept before', (_what, statuses) => {
    passAll();
    open().keep(report([unit], ...statuses));
    expect(found()).toEqual([integration]);
  });

  it('whose run was interrupted', () => {
    open().keep({ ...passed(unit), wasInterrupted: true });
    expect(found()).toEqual([]);
  });

  it('when a source changed while it ran', () => {
    const store = open();
    write('README.md', 'changed');
    store.keep(passed(unit));
    expect(found()).toEqual([]);
    write('README.md', FILES['README.md'] ?? '');
    expect(found()).toEqual([]);
  });

  it('that changed while it ran, and of no other', () => {
    const store = open();
    write(unit, 'changed');
    store.keep(passed(...all));
    expect(found()).toEqual([integration]);
  });

  it('that git does not see', () => {
    write('.gitignore', `${FILES['.gitignore']}sum.test.ts\n`);
    git(root, 'rm', '--cached', '--quiet', unit);
    passAll();
    expect(found()).toEqual([integration]);
  });
});

it('what the tests themselves install takes nothing away from their results', () => {
  const store = open();
  write('.bifold/software/hdfs-1/complete.json', '{}');
  rmSync(path('.bifold/software/jars-1'), { recursive: true });
  write('.bifold/software/jars-2/complete.json', '{}');
  store.keep(passed(...all));
  expect(found()).toEqual([unit, integration]);
  const next = open();
  write('.bifold/software/hdfs-1/complete.json', 'changed');
  next.keep(passed(...all));
  expect(found()).toEqual([]);
});

describe('everything runs', () => {
  it.each([
    ['cut off', (text: string) => text.slice(0, -5)],
    ['empty', () => ''],
    ['no object', () => 'null'],
    ['of another format', (text: string) => text.replace('"format":1', '"format":0')],
    ['without a count', (text: string) => text.replace('"tests":3', '"tests":null')],
  ])('when the store is %s, and the next run keeps again', (_what, damage) => {
    passAll();
    writeFileSync(storeFile(), damage(readFileSync(storeFile(), 'utf8')));
    expect(found()).toEqual([]);
    passAll();
    expect(found()).toEqual([unit, integration]);
    expect(readdirSync(path('.bifold')).sort()).toEqual(['kept-results.json', 'software']);
  });

  it('without a repository', () => {
    passAll();
    rmSync(path('.git'), { recursive: true });
    expect(found()).toEqual([]);
    passAll();
    expect(found()).toEqual([]);
  });

  it("within somebody else's repository, which may ignore any of our files", () => {
    passAll();
    const outer = mkdtempSync(join(tmpdir(), 'bifold-outer-'));
    try {
      rmSync(path('.git'), { recursive: true });
      git(outer, 'init', '--quiet');
      writeFileSync(join(outer, '.gitignore'), '*.md\n');
      execFileSync('cp', ['-R', root, join(outer, 'ours')]);
      const store = open({ root: join(outer, 'ours') });
      store.keep({
        ...passed(),
        testResults: passed(unit).testResults.map((each) => ({ ...each, name: join(outer, 'ours', unit) })),
      });
      expect(open({ root: join(outer, 'ours') }).find(all)).toEqual([]);
    } finally {
      rmSync(outer, { recursive: true, force: true });
    }
  });

  it('with a repository in a folder of this one, which git does not look into', () => {
    passAll();
    mkdirSync(path('nested'));
    git(path('nested'), 'init', '--quiet');
    write('nested/any.ts', 'any');
    passAll();
    expect(found()).toEqual([]);
  });

  it('without git', () => {
    passAll();
    const before = process.env.PATH;
    process.env.PATH = root;
    try {
      expect(found()).toEqual([]);
      passAll();
    } finally {
      process.env.PATH = before;
    }
    expect(found()).toEqual([]);
  });
});

it('what is kept is told in a line', () => {
  const kept = (tests: number, passedAtMs: number): Kept => ({ file: unit, tests, passedAtMs });
  const nowMs = startMs + 50 * HOUR_MS;
  expect(keptLine([kept(1_200, nowMs - HOUR_MS / 5), kept(34, nowMs - HOUR_MS / 5)], nowMs)).toBe(
    'kept   2 files, 1,234 tests: passed with the same inputs 12 min ago (npm test -- --all runs them again)',
  );
  expect(keptLine([kept(1, nowMs - 12_345)], nowMs)).toContain(' 12 s ago ');
  expect(keptLine([kept(1, startMs)], nowMs)).toContain('1 file, 1 test: passed with the same inputs 2 days ago');
  expect(keptLine([kept(1, startMs), kept(1, nowMs - 5 * HOUR_MS)], nowMs)).toContain(' 5 h to 2 days ago ');
});

/** The rule names folders; Jest's configuration says what the laws are. */
it('all laws are among the tests that draw', async () => {
  const { default: config } = await import(join(bin, '../../../jest.config.js'));
  const laws = config.projects.find(({ displayName }: { displayName: string }) => displayName === 'laws');
  const files = laws.testMatch.map((pattern: string) => pattern.replace('<rootDir>/', '').replace('**/*', 'some'));
  expect(files).toHaveLength(2);
  for (const file of files) write(file, 'any');
  open().keep(passed(...files));
  expect(open().find(files)).toEqual([]);
});
