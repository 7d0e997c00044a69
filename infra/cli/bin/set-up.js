#!/usr/bin/env node
// `npm start`, `npm test` and the programs of `npm run` on a clone in which nothing is installed
// yet: plain JavaScript, no dependencies, any Node from 20 on.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const [job, ...rest] = process.argv.slice(2);
const NODE_MINIMUM = 20;
const PYTHON_MINIMUM = [3, 10];
/** Programs of the developers, with the options of Node that they run with. */
const PROGRAMS = {
  simulate: ['test/simulation/main.ts'],
  fuzz: ['test/fuzz/main.ts'],
  chaos: ['--disable-warning=TimeoutNegativeWarning', 'test/chaos/main.ts'],
  bench: ['test/bench/main.ts'],
  spark: ['test/spark/main.ts'],
  mutation: ['test/mutation/main.ts'],
  reference: ['test/reference/main.ts'],
  prose: ['test/prose/main.ts'],
};
const program = Object.hasOwn(PROGRAMS, job ?? '') ? PROGRAMS[job] : null;
/** The standard output of a program is its own: with --json, one object. */
const shown = program === null ? process.stdout : process.stderr;
const say = (line) => shown.write(`${line}\n`);
const isTerminal = shown.isTTY === true;

/** What failed, what came, what is allowed, what to do; then the end. */
function refuse(code, { failed, received, allowed, remedy }) {
  console.error(`✖ ${failed}\n  got       ${received}\n  expected  ${allowed}\n  fix       ${remedy}\n  [${code}]`);
  process.exit(3);
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major >= NODE_MINIMUM) return;
  refuse('BIFOLD_NODE_TOO_OLD', {
    failed: 'Bifold cannot be set up with this Node',
    received: `Node ${process.versions.node}`,
    allowed: `Node ${NODE_MINIMUM} or newer`,
    remedy: 'install a newer Node: https://nodejs.org',
  });
}

function checkPython() {
  const seen = [];
  for (const command of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python']) {
    const asked = spawnSync(command, ['-c', 'import sys; print(sys.version_info[0], sys.version_info[1])'], {
      encoding: 'utf8',
    });
    if (asked.status !== 0) continue;
    const [major, minor] = asked.stdout.trim().split(' ').map(Number);
    if (major === PYTHON_MINIMUM[0] && minor >= PYTHON_MINIMUM[1]) return;
    seen.push(`${command} is Python ${major}.${minor}`);
  }
  refuse('BIFOLD_PYTHON_MISSING', {
    failed: 'the local cloud cannot be set up without Python: its emulator is a Python program',
    received: seen.length === 0 ? 'no Python on PATH' : seen.join(', '),
    allowed: `Python ${PYTHON_MINIMUM.join('.')} or newer`,
    remedy: process.platform === 'darwin' ? 'brew install python@3.13' : 'sudo apt-get install -y python3 python3-venv',
  });
}

const seconds = (startedAtMs) => `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;

/** A line that counts the seconds while something works silently. */
function ticking(label) {
  const startedAtMs = performance.now();
  if (!isTerminal) say(`… ${label}`);
  const timer = isTerminal
    ? setInterval(() => shown.write(`\r… ${label}  ${seconds(startedAtMs)}`), 100)
    : setInterval(() => say(`… ${label}  ${seconds(startedAtMs)}`), 15_000);
  return (mark) => {
    clearInterval(timer);
    say(`${isTerminal ? '\r' : ''}${mark} ${label}  ${seconds(startedAtMs)}`);
  };
}

/** The Node that everything else runs on: the checkout's own where npm has one for this machine. */
function ownNode() {
  const installed = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  return existsSync(installed) ? installed : process.execPath;
}

/** Whoever interrupts one program wants none of those that would follow it. */
let isInterrupted = false;

/** Runs a program; its output is kept when `quiet`, for the case that it fails. */
function run(command, args, { quiet = false, env = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      env: {
        ...process.env,
        PATH: [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter),
        ...env,
      },
    });
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    const forward = (signal) => () => {
      isInterrupted = true;
      child.kill(signal);
    };
    const forwarded = ['SIGINT', 'SIGTERM'].map((signal) => [signal, forward(signal)]);
    for (const [signal, listener] of forwarded) process.on(signal, listener);
    const end = (status, output) => {
      for (const [signal, listener] of forwarded) process.off(signal, listener);
      resolve({ status, output });
    };
    child.once('error', (error) => end(3, error.message));
    child.once('close', (status) => end(status ?? 3, Buffer.concat(chunks).toString()));
  });
}

const lockFile = join(root, 'package-lock.json');
const stampFile = join(root, 'node_modules', '.bifold-lock');

/**
 * Whether somebody ran npm already: what npm says is installed is what the lock file wants, other
 * machines' packages aside.
 */
function isInstalled(lock) {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  return Object.entries(JSON.parse(lock).packages).every(
    ([path, wanted]) =>
      !path.startsWith('node_modules/') ||
      (wanted.link
        ? existsSync(join(root, path))
        : installed[path]
          ? installed[path].version === wanted.version
          : wanted.optional === true),
  );
}

async function installPackages() {
  const lock = readFileSync(lockFile);
  const digest = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest) return;
  if (!isInstalled(lock)) {
    const done = ticking('npm packages');
    const npm = process.env.npm_execpath;
    const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm]] : [npm ?? 'npm', []];
    const { status, output } = await run(command, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      quiet: true,
      // npm passes its own settings down as variables; a script's must not steer an installation.
      env: { npm_config_ignore_scripts: '', NODE_ENV: '' },
    });
    done(status === 0 ? '✓' : '✖');
    if (status !== 0)
      refuse('BIFOLD_PACKAGES_FAILED', {
        failed: 'the npm packages cannot be installed',
        received: output.trim().split('\n').slice(0, 16).join('\n            '),
        allowed: 'a registry that answers, and room for 600 MB',
        remedy: 'mend what the lines above tell, then run the command again',
      });
  }
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stampFile, digest);
}

const bifold = (...args) => run(ownNode(), [join(root, 'infra/cli/bin/bifold.js'), ...args]);

const GATES = [
  ['types', 'node_modules/typescript/bin/tsc', ['--project', 'tsconfig.json']],
  ['lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']],
  [
    'import arrows',
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    ['--config', '.dependency-cruiser.cjs', 'layers', 'functions', 'cdk', 'infra', 'examples', 'test'],
  ],
  ['nothing unused', 'node_modules/knip/bin/knip.js', []],
];
/**
 * Tests over real parts wait for services much of the time: three files run side by side whatever
 * the number of cores, beside the tests that need no service. Their JVMs live for a minute or two,
 * so that the second compiler costs more than it gains: without it, Cassandra starts in half the
 * time.
 */
const onCloud = (project) => ({
  projects: [project],
  args: ['--maxWorkers=3'],
  env: { BIFOLD_JAVA_OPTIONS: '-XX:TieredStopAtLevel=1' },
});
const ESSENTIAL = [{ projects: ['unit', 'laws'], args: ['--maxWorkers=100%'], env: {} }, onCloud('integration')];
const EXTENDED = [onCloud('extended')];
/** By job, its runs of tests, those of a step side by side; whether it also runs the gates. */
const TESTS = {
  test: { steps: [ESSENTIAL], gates: true },
  'test-all': { steps: [ESSENTIAL, EXTENDED], gates: true },
  'test-extended': { steps: [EXTENDED], gates: false },
};

/** All at once; what a failed one printed comes when all have ended. */
async function failedGates() {
  const done = ticking(GATES.map(([label]) => label).join(', '));
  const outcomes = await Promise.all(
    GATES.map(async ([label, program, args]) => ({
      label,
      ...(await run(ownNode(), [join(root, program), ...args], { quiet: true })),
    })),
  );
  const failures = outcomes.filter(({ status }) => status !== 0);
  done(failures.length === 0 ? '✓' : '✖');
  for (const { label, output } of failures) console.log(`✖ ${label}\n${output.trimEnd()}`);
  return failures.length;
}

const JEST = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];

/**
 * One run of Jest; its output is kept and returned when `quiet`. `rest` are further arguments of
 * Jest.
 */
async function runTests({ projects, args, env }, results, quiet) {
  const outputFile = join(results, `${projects.join('-')}.json`);
  const chosen = ['--selectProjects', ...projects, '--passWithNoTests', '--json', `--outputFile=${outputFile}`];
  const { status, output } = await run(ownNode(), [...JEST, ...chosen, ...args, ...rest], { quiet, env });
  const told = existsSync(outputFile) ? JSON.parse(readFileSync(outputFile, 'utf8')) : null;
  const wrong = (told?.numFailedTests ?? 0) + (told?.numRuntimeErrorTestSuites ?? 0);
  // A run that failed without a failed test (out of memory, a global set-up) is a failure too.
  return { passed: told?.numPassedTests ?? 0, failed: status !== 0 && wrong === 0 ? 1 : wrong, output };
}

async function test({ steps, gates }) {
  const results = mkdtempSync(join(tmpdir(), 'bifold-test-'));
  const outcomes = [{ passed: 0, failed: gates ? await failedGates() : 0 }];
  for (const runs of steps) {
    if (isInterrupted) continue;
    // The first run of a step prints as it goes, each of the others when those before it have ended.
    const running = runs.map((each, index) => runTests(each, results, index > 0));
    for (const outcome of running) {
      outcomes.push(await outcome);
      process.stdout.write(outcomes.at(-1).output);
    }
  }
  rmSync(results, { recursive: true, force: true });
  const total = (count) => outcomes.reduce((sum, outcome) => sum + outcome[count], 0);
  // What was not seen has not passed, whatever had until then.
  const failed = isInterrupted ? Math.max(total('failed'), 1) : total('failed');
  console.log(`\n${total('passed')} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const tests = Object.hasOwn(TESTS, job ?? '') ? TESTS[job] : null;
if (job !== 'start' && tests === null && program === null)
  refuse('BIFOLD_BAD_JOB', {
    failed: 'set-up does not know what to do',
    received: job ?? 'nothing',
    allowed: ['start', ...Object.keys(TESTS), ...Object.keys(PROGRAMS)].join(', '),
    remedy: 'npm start, or npm test',
  });
checkNode();
checkPython();
await installPackages();
if (program !== null) process.exitCode = (await run(ownNode(), [...program, ...rest])).status;
else if (job === 'start') process.exitCode = (await bifold('start', ...rest)).status;
else {
  const { status } = await bifold('set-up');
  process.exitCode = status === 0 ? await test(tests) : status;
}
