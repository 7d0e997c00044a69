/** A stream that dies between any two of its steps gives the same batches as one that never did. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { count, dropDuplicates, dropLate, field, sum, tumbling } from '@bifold/core';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { type Journal, runStream } from '../engine.ts';
import { availableNow, defineStream, files, foreachBatch, join as joinOf, type Stream, union } from '../index.ts';
import { memoryJournal, worldOf, writeFiles } from '../stream.fixture.ts';

const Reading = z.object({ at: z.iso.datetime(), key: z.string(), v: z.int() });
const START_MS = Date.parse('2026-01-01T00:00:00Z');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-recovery-'));
  const readings = Array.from({ length: 7 }, (_, file) =>
    Array.from({ length: 5 }, (_, row) => ({
      at: new Date(START_MS + file * 70_000 + ((row * 37) % 11) * 10_000).toISOString(),
      key: `k${(file + row) % 3}`,
      v: row === 4 && file % 2 === 0 ? 'bad' : file * 10 + row,
    })),
  );
  writeFiles(folder, readings);
});
afterAll(() => rmSync(folder, { recursive: true }));

class Died extends Error {}

/** A process that dies at one of its steps: before it, in the middle of it, or after it. */
class Life {
  private steps = 0;
  private readonly lastStep: number;
  private readonly how: 'before' | 'torn' | 'after';

  constructor(lastStep: number, how: 'before' | 'torn' | 'after') {
    this.lastStep = lastStep;
    this.how = how;
  }

  async step(work: () => Promise<void> | void, half: () => Promise<void> | void = () => undefined): Promise<void> {
    this.steps++;
    if (this.steps > this.lastStep) throw new Died();
    if (this.steps === this.lastStep && this.how !== 'after') {
      if (this.how === 'torn') await half();
      throw new Died();
    }
    await work();
    if (this.steps === this.lastStep) throw new Died();
  }

  journal(disk: Journal): Journal {
    return {
      read: (file) => disk.read(file),
      append: (file, lines) =>
        lines.length === 0
          ? Promise.resolve()
          : this.step(
              () => disk.append(file, lines),
              () => disk.append(file, lines.slice(0, Math.floor(lines.length / 2))),
            ),
      replace: (file, lines) => this.step(() => disk.replace(file, lines)),
    };
  }
}

const IMMORTAL = Number.POSITIVE_INFINITY;

const MODES = ['plain', 'union', 'distinct', 'append', 'update', 'complete', 'join', 'joined windows'] as const;
type Mode = (typeof MODES)[number];

type Taken = readonly [batch: number, rows: string];

function streamOf(mode: Mode, take: (taken: Taken) => Promise<void>): Stream {
  const common = {
    name: 'recovery',
    from: files({ path: folder, format: 'json', schema: Reading, maxFilesPerTrigger: 2 }),
    derive: { odd: field('v').ge(3) },
    eventTime: 'at' as const,
    trigger: availableNow(),
    sinks: [foreachBatch((rows, { batch }) => take([batch, JSON.stringify(rows)]))],
  };
  if (mode === 'plain') return defineStream(common);
  if (mode === 'union') return defineStream({ ...common, from: union([common.from, common.from]) });
  if (mode === 'join' || mode === 'joined windows') {
    const { from, eventTime } = common;
    const sides = {
      left: { from, eventTime, dropLate: dropLate('30s') },
      right: { from, eventTime, dropLate: dropLate('40s'), where: field('v').gt(12) },
      as: 'other',
      on: { key: 'key' },
      within: { before: '1m', after: '20s' },
    } as const;
    const { name, sinks, trigger } = common;
    if (mode === 'join') return defineStream({ name, from: joinOf({ ...sides, type: 'full' }), sinks, trigger });
    return defineStream({
      name,
      from: joinOf({ ...sides, type: 'left' }),
      sinks,
      trigger,
      groupBy: ['key'],
      windows: { minute: tumbling('1m') },
      aggregates: { n: count() },
    });
  }
  if (mode === 'distinct')
    return defineStream({ ...common, dropLate: dropLate('30s'), dropDuplicates: dropDuplicates(['key', 'odd']) });
  return defineStream({
    ...common,
    dropLate: dropLate('30s'),
    groupBy: ['key'],
    windows: { minute: tumbling('1m') },
    aggregates: { n: count(), total: sum('v') },
    outputMode: mode,
  });
}

async function live(life: Life, disk: Journal, mode: Mode, taken: Taken[]): Promise<boolean> {
  const stream = streamOf(mode, (given) =>
    life.step(
      () => void taken.push(given),
      () => void taken.push(given),
    ),
  );
  try {
    await runStream(stream, {
      journal: life.journal(disk),
      ports: worldOf().ports,
      signal: new AbortController().signal,
    });
    return true;
  } catch (error) {
    if (error instanceof Died) return false;
    throw error;
  }
}

it.each(MODES)('%s: whatever dies, batches are the same', async (mode) => {
  const whole: Taken[] = [];
  const calm = memoryJournal();
  await live(new Life(IMMORTAL, 'after'), calm, mode, whole);
  expect(whole.length).toBeGreaterThan(3);
  const quarantined = await calm.read('quarantine.jsonl');
  expect(quarantined).toHaveLength(mode === 'union' || mode.startsWith('join') ? 8 : 4);

  const lives = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.constantFrom('before', 'torn', 'after')), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(lives, async (deaths) => {
      const disk = memoryJournal();
      const taken: Taken[] = [];
      for (const [lastStep, how] of deaths) await live(new Life(lastStep, how), disk, mode, taken);
      expect(await live(new Life(IMMORTAL, 'after'), disk, mode, taken)).toBe(true);
      // A batch that came again came with the same rows; none is missing, none is new.
      expect([...new Set(taken.map((each) => JSON.stringify(each)))]).toEqual(
        whole.map((each) => JSON.stringify(each)),
      );
      expect(await disk.read('quarantine.jsonl')).toEqual(quarantined);
    }),
    { numRuns: mode === 'union' || mode.startsWith('join') ? 50 : 150 },
  );
});

it('dies at every single step once', async () => {
  const whole: Taken[] = [];
  await live(new Life(IMMORTAL, 'after'), memoryJournal(), 'update', whole);
  for (let lastStep = 1, ended = false; !ended; lastStep++) {
    for (const how of ['before', 'torn', 'after'] as const) {
      const disk = memoryJournal();
      const taken: Taken[] = [];
      ended = await live(new Life(lastStep, how), disk, 'update', taken);
      if (!ended) await live(new Life(IMMORTAL, 'after'), disk, 'update', taken);
      expect([...new Set(taken.map((each) => JSON.stringify(each)))]).toEqual(
        whole.map((each) => JSON.stringify(each)),
      );
    }
  }
});
