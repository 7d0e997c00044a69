import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))).find(existsSync);
}

/**
 * Finds Chromium on this machine, or installs it from Debian's packages if allowed. Returns a
 * sentence if there is none.
 */
export function findBrowser(): { readonly path: string } | { readonly missing: string } {
  const found = onPath();
  if (found !== undefined) return { path: found };
  if (spawnSync('apt-get', ['--version']).status !== 0)
    return { missing: `no ${PROGRAMS.join(', ')} on PATH, and no apt-get to install one with` };
  if (process.getuid?.() !== 0)
    return { missing: 'no Chromium on PATH, and only root can install it: sudo apt-get install -y chromium' };
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env, stdio: 'pipe' });
  } catch (error) {
    return { missing: `Chromium cannot be installed: ${error instanceof Error ? error.message : String(error)}` };
  }
  const installed = onPath();
  return installed === undefined ? { missing: 'apt-get installed no Chromium' } : { path: installed };
}

/**
 * A browser with a new profile, for which `rebound` is a name of this machine: what DNS rebinding
 * makes of a site's name.
 */
export function openBrowser(executablePath: string, rebound: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=MAP ${rebound} 127.0.0.1`,
    ],
  });
}
