import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Batch, type Journal, type Ports, runStream } from './engine.ts';
import type { Stream } from './index.ts';

/**
 * A world for tests: a clock that goes on when a stream waits, and what the console was given.
 * Services are away.
 */
export interface World {
  readonly ports: Ports;
  readonly shown: Batch[];
}

export function worldOf(): World {
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  let ids = 0;
  const shown: Batch[] = [];
  const away = async () => {
    throw new Error('no such service in this test');
  };
  const ports: Ports = {
    clock: () => nowMs,
    newId: () => `checkpoint-${ids++}`,
    waitUntil: async (timeMs) => {
      nowMs = Math.max(nowMs, timeMs);
    },
    topics: away,
    producer: away,
    cassandra: away,
    lookups: away,
    folder: away,
    show: (batch) => shown.push(batch),
  };
  return { ports, shown };
}

/** A journal in memory, which outlives the runs that use it as a disk does. */
export function memoryJournal(): Journal {
  const files = new Map<string, string[]>();
  return {
    read: async (file) => (files.get(file) ?? []).map((line) => JSON.parse(line)),
    append: async (file, lines) => {
      files.set(file, [...(files.get(file) ?? []), ...lines.map((line) => JSON.stringify(line))]);
    },
    replace: async (file, lines) => {
      files.set(
        file,
        lines.map((line) => JSON.stringify(line)),
      );
    },
  };
}

/** Runs a stream to its end, and returns the console output. */
export async function shownBy(stream: Stream, journal: Journal = memoryJournal()): Promise<readonly Batch[]> {
  const { ports, shown } = worldOf();
  await runStream(stream, { journal, ports, signal: new AbortController().signal });
  return shown;
}

/** JSON lines, a file for each array, older ones first. */
export function writeFiles(folder: string, files: readonly (readonly object[])[]): void {
  mkdirSync(folder, { recursive: true });
  for (const [index, records] of files.entries()) {
    const path = join(folder, `${String(index).padStart(4, '0')}.json`);
    writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    utimesSync(path, 1_700_000_000 + index, 1_700_000_000 + index);
  }
}
