#!/usr/bin/env node
// Plain JavaScript for any Node from 20 on: the command line itself is TypeScript, and runs on the
// checkout's own Node 24.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const major = Number(process.versions.node.split('.')[0]);

if (major >= 24) {
  module.enableCompileCache(join(root, 'node_modules', '.cache', 'bifold'));
  await import('../src/main.ts');
} else {
  const own = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (!existsSync(own)) {
    console.error(`✖ bifold cannot run on this Node
  got       Node ${process.versions.node}, and none of its own at ${own}
  expected  Node 24 or newer, or the Node 24 that npm installs on Linux
  fix       run \`npm ci\`, or install Node 24
  [BIFOLD_NODE_MISSING]`);
    process.exit(3);
  }
  const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(3);
  });
  child.on('exit', (status) => process.exit(status ?? 3));
}
