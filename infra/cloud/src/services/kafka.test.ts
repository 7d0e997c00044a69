import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { cloudPaths, serviceTmpDir } from '../paths.ts';
import { savedPorts } from '../processes/ports.ts';
import { clusterIdOf, kafkaService } from './kafka.ts';

it('makes cluster ids that no command line takes for an option', () => {
  const dashed = Buffer.alloc(16, 0xfb);
  expect(dashed.toString('base64url')).toMatch(/^-/);
  expect(clusterIdOf(dashed)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
  expect(clusterIdOf(Buffer.alloc(16))).toBe('AAAAAAAAAAAAAAAAAAAAAA');
});

it('formats the log without a password on a command line, and leaves none in a file', async () => {
  const root = mkdtempSync(join(tmpdir(), 'bifold-kafka-'));
  try {
    const paths = cloudPaths({ root, stateDir: join(root, 'state') });
    const tmpDir = serviceTmpDir(paths, 'kafka');
    mkdirSync(tmpDir, { recursive: true });
    // Stands for Java: notes its arguments, and what the file of arguments holds and who may read
    // it.
    const java = join(root, 'java');
    const logDir = join(paths.dataDir, 'kafka.formatting');
    const noted = (name: string) => join(tmpDir, name);
    writeFileSync(
      java,
      `#!/bin/sh
for argument in "$@"; do last="$argument"; done
printf '%s ' "$@" > '${noted('arguments')}'
cat "\${last#@}" > '${noted('file')}'
ls -l "\${last#@}" > '${noted('rights')}'
mkdir -p '${logDir}'
`,
      { mode: 0o755 },
    );
    const secrets = { kafka: { username: 'bifold', password: 'a-password' } };
    const software = { python: '', java, jars: { kafka: 'jars', cassandra: '' } };
    await kafkaService(paths, await savedPorts(paths.portsFile), secrets, software).prepare?.();
    const read = (name: string) => readFileSync(noted(name), 'utf8');
    expect(read('arguments')).toContain('kafka.tools.StorageTool @');
    expect(read('arguments')).not.toContain('a-password');
    expect(read('file')).toContain('SCRAM-SHA-512=[name=bifold,password=a-password]\n');
    expect(read('rights')).toMatch(/^-rw------- /);
    rmSync(tmpDir, { recursive: true });
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files)
      expect(readFileSync(join(parentPath, name), 'utf8')).not.toContain('a-password');
  } finally {
    rmSync(root, { recursive: true });
  }
});
