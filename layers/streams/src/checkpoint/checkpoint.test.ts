import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { folderJournal, lockFolder, runStream } from '../engine.ts';
import { console, defineStream, once, rate } from '../index.ts';
import { memoryJournal, shownBy, worldOf } from '../stream.fixture.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a journal', () => {
  it('never has the line that a crash cut short, and goes on behind the last whole one', async () => {
    await folderJournal(folder).append('a.jsonl', [{ n: 1 }, { n: 2 }]);
    appendFileSync(join(folder, 'a.jsonl'), '{"n":3');
    const journal = folderJournal(folder);
    expect(await journal.read('a.jsonl')).toEqual([{ n: 1 }, { n: 2 }]);
    await journal.append('a.jsonl', [{ n: 4 }]);
    await journal.append('a.jsonl', [{ n: 5 }]);
    expect(readFileSync(join(folder, 'a.jsonl'), 'utf8')).toBe('{"n":1}\n{"n":2}\n{"n":4}\n{"n":5}\n');
    expect(await journal.read('nothing.jsonl')).toEqual([]);
  });

  it('says which line was changed by somebody else', async () => {
    writeFileSync(join(folder, 'a.jsonl'), '{"n":1}\nhello\n{"n":3}\n');
    await expect(folderJournal(folder).read('a.jsonl')).rejects.toThrow(/line 2 of .+hello.+checkpoint reset/);
  });
});

it('a lock is for one, and goes with its holder', () => {
  const unlock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(/BIFOLD_CHECKPOINT_IN_USE/);
  unlock();
  lockFolder(folder)();
});

describe('a checkpoint', () => {
  const streamOf = (rowsPerSecond: number) =>
    defineStream({
      name: 'checked',
      from: rate({ rowsPerSecond }),
      trigger: once(),
      sinks: [console({ rows: rowsPerSecond })],
    });

  it('of another definition is refused with the difference; what does not change its rows may change', async () => {
    const journal = memoryJournal();
    await shownBy(streamOf(5), journal);
    await expect(shownBy(streamOf(6), journal)).rejects.toThrow(/from\.rowsPerSecond: 5 -> 6/);
    await shownBy({ ...streamOf(5), trigger: { kind: 'availableNow' }, sinks: [console({ rows: 3 }).sink] }, journal);
  });

  it('keeps the last hundred batches, and goes on from them', async () => {
    const journal = memoryJournal();
    const { ports } = worldOf();
    const controller = new AbortController();
    const stream = { ...streamOf(1), trigger: { kind: 'processingTime', intervalMs: 1_000 } } as const;
    const numbers: number[] = [];
    const onBatch = ({ batch }: { batch: number }) => {
      numbers.push(batch);
      if (batch === 1_205) controller.abort();
    };
    await runStream(stream, { journal, ports, signal: controller.signal, onBatch });
    const offsets = (await journal.read('offsets.jsonl')) as { batch: number }[];
    expect(offsets.length).toBeLessThan(1_000);
    expect(offsets.at(-1)?.batch).toBe(1_205);
    const next = new AbortController();
    await runStream(stream, {
      journal,
      ports,
      signal: next.signal,
      onBatch: ({ batch }) => {
        numbers.push(batch);
        next.abort();
      },
    });
    expect(numbers).toEqual(Array.from({ length: 1_207 }, (_, batch) => batch));
  });
});
