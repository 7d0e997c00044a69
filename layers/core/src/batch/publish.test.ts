import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ArchiveFile } from '../ports/archive-store.ts';
import type { Pointer, PublishedRun } from '../ports/batch-store.ts';
import { batchRanges } from '../query/answer.ts';
import {
  isSweepableRun,
  manifestOf,
  NOTHING_PUBLISHED,
  pointerAfter,
  sweepableSegments,
  waitingOf,
} from './publish.ts';

const SIZE = 16;

/** A chain of files of these lengths; a negative length is a lost range. */
function chainOf(lengths: readonly number[], partition = 0): ArchiveFile[] {
  let end = 0;
  return lengths.map((length) => {
    const start = end;
    end += Math.abs(length);
    return { partition, start, end, lost: length < 0, path: `${partition}/${start}` };
  });
}

const runOf = (run: string, cuts: Record<string, number>, lost: PublishedRun['lost'] = {}): PublishedRun => ({
  run,
  runGeneration: 1,
  cuts,
  lost,
  publishedAtMs: 0,
});
const published = (cut: number): Pointer => ({ generation: 3, current: runOf('r', { 0: cut }), previous: null });

describe('manifestOf', () => {
  it.each([
    { name: 'floors the frontier to whole segments', lengths: [20, 20], before: 0, acceptLost: false, cut: 2 },
    { name: 'publishes nothing below one whole segment', lengths: [15], before: 0, acceptLost: false, cut: null },
    { name: 'publishes nothing when nothing is new', lengths: [32, 15], before: 2, acceptLost: false, cut: null },
    { name: 'stops at a lost range', lengths: [40, -10, 100], before: 0, acceptLost: false, cut: 2 },
    {
      name: 'stays at a lost range that was stopped at before',
      lengths: [40, -10, 100],
      before: 2,
      acceptLost: false,
      cut: null,
    },
    {
      name: 'passes a lost range when the operator says so',
      lengths: [40, -10, 100],
      before: 2,
      acceptLost: true,
      cut: 9,
    },
    { name: 'passes one that an earlier run passed', lengths: [40, -10, 100], before: 3, acceptLost: false, cut: 9 },
    { name: 'stops at the next one', lengths: [40, -10, 50, -1, 100], before: 3, acceptLost: false, cut: 6 },
  ])('$name', ({ lengths, before, acceptLost, cut }) => {
    const manifest = manifestOf(
      new Map([[0, chainOf(lengths)]]),
      before === 0 ? NOTHING_PUBLISHED : published(before),
      SIZE,
      acceptLost,
    );
    expect(manifest?.cuts['0'] ?? null).toBe(cut);
  });

  it('names lost ranges below the cut, so that receipts show them as gaps for ever', () => {
    const manifest = manifestOf(new Map([[0, chainOf([40, -10, 100])]]), NOTHING_PUBLISHED, SIZE, true);
    expect(manifest?.lost).toEqual({ 0: [[40, 50]] });
    const pointer = pointerAfter(NOTHING_PUBLISHED, 'r', manifest as NonNullable<typeof manifest>, 7);
    expect(batchRanges(pointer.current, 0, SIZE)).toEqual([
      [0, 40],
      [50, 144],
    ]);
  });

  it('names no lost ranges where there are none below the cut', () => {
    const manifest = manifestOf(new Map([[0, chainOf([40, -10])]]), NOTHING_PUBLISHED, SIZE, false);
    expect(manifest).toEqual({ cuts: { 0: 2 }, lost: {}, files: chainOf([40]) });
  });

  it('holds for any chains: cuts never fall, the files are just those below the cuts', () => {
    const lengths = fc.array(
      fc.integer({ min: -40, max: 60 }).filter((length) => length !== 0),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('0', '1', '2'), lengths),
        fc.integer({ min: 0, max: 8 }),
        fc.boolean(),
        (byPartition, shorter, acceptLost) => {
          const chains = new Map(
            Object.entries(byPartition).map(([partition, list]) => [
              Number(partition),
              chainOf(list, Number(partition)),
            ]),
          );
          // An earlier run, made from the beginning of the same chains.
          const earlier = new Map([...chains].map(([partition, chain]) => [partition, chain.slice(0, shorter)]));
          const first = manifestOf(earlier, NOTHING_PUBLISHED, SIZE, true);
          const pointer = first === null ? NOTHING_PUBLISHED : pointerAfter(NOTHING_PUBLISHED, 'first', first, 1);
          const manifest = manifestOf(chains, pointer, SIZE, acceptLost);
          if (manifest === null) return;
          for (const [partition, chain] of chains) {
            const before = pointer.current?.cuts[partition] ?? 0;
            const cut = manifest.cuts[partition] as number;
            expect(cut).toBeGreaterThanOrEqual(before);
            expect(cut * SIZE).toBeLessThanOrEqual(chain.at(-1)?.end ?? 0);
            const covered = new Set<number>();
            for (const file of manifest.files.filter((each) => each.partition === partition))
              for (let offset = file.start; offset < Math.min(file.end, cut * SIZE); offset++) covered.add(offset);
            for (const [start, end] of manifest.lost[partition] ?? [])
              for (let offset = start; offset < end; offset++) covered.add(offset);
            expect(covered.size).toBe(cut * SIZE);
            // No further lost range is passed without the operator's acceptance.
            if (!acceptLost)
              for (const [start] of manifest.lost[partition] ?? []) expect(start).toBeLessThan(before * SIZE);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses an archive that ends below what is published: its rows would silently lack what the receipt claims', () => {
    const pointer: Pointer = { generation: 1, current: runOf('r', { 0: 2, 1: 1 }), previous: null };
    const shrunk = new Map([
      [0, chainOf([20])],
      [1, chainOf([100], 1)],
    ]);
    expect(() => manifestOf(shrunk, pointer, SIZE, true)).toThrow('BIFOLD_ARCHIVE_SHORT');
    expect(() => manifestOf(new Map([[1, chainOf([100], 1)]]), pointer, SIZE, false)).toThrow(
      expect.objectContaining({
        code: 'BIFOLD_ARCHIVE_SHORT',
        explanation: {
          failed: expect.stringContaining('partition 0'),
          received: 'files up to offset 0',
          allowed: 'files from offset 0 to 32 at least',
          remedy: expect.stringContaining('restore'),
        },
      }),
    );
  });
});

describe('the pointer', () => {
  it('moves one generation on and keeps the run before', () => {
    const manifest = { cuts: { 0: 2 }, lost: {}, files: [] };
    const first = pointerAfter(NOTHING_PUBLISHED, 'a', manifest, 10);
    const second = pointerAfter(first, 'b', { ...manifest, cuts: { 0: 3 } }, 20);
    expect(first).toEqual({
      generation: 1,
      current: { run: 'a', runGeneration: 1, cuts: { 0: 2 }, lost: {}, publishedAtMs: 10 },
      previous: null,
    });
    expect(second.generation).toBe(2);
    expect(second.current?.run).toBe('b');
    expect(second.previous).toEqual(first.current);
  });

  it.each([
    { name: 'nothing published', current: null, previous: null, segments: 0 },
    { name: 'one run: a reader may still hold the answer before it', current: { 0: 5 }, previous: null, segments: 0 },
    { name: 'two runs: the lower cut', current: { 0: 5 }, previous: { 0: 3 }, segments: 3 },
    { name: 'after a rollback: the lower cut', current: { 0: 3 }, previous: { 0: 5 }, segments: 3 },
    { name: 'a partition new in the second run', current: { 0: 5 }, previous: {}, segments: 0 },
  ])('lets the sweeper delete fragments: $name', ({ current, previous, segments }) => {
    const pointer: Pointer = {
      generation: 4,
      current: current && runOf('c', current),
      previous: previous && runOf('p', previous),
    };
    expect(sweepableSegments(pointer, 0)).toBe(segments);
  });

  it.each([
    { run: 'current', generation: 4, sweepable: false },
    { run: 'previous', generation: 2, sweepable: false },
    { run: 'lost the race', generation: 4, sweepable: true },
    { run: 'old', generation: 1, sweepable: true },
    { run: 'being written', generation: 5, sweepable: false },
  ])('lets the sweeper delete the run "$run": $sweepable', ({ run, generation, sweepable }) => {
    const pointer: Pointer = { generation: 4, current: runOf('current', {}), previous: runOf('previous', {}) };
    expect(isSweepableRun(pointer, run, generation)).toBe(sweepable);
  });

  it('lets the sweeper delete the run that lost the first race', () => {
    const pointer: Pointer = { generation: 1, current: runOf('current', {}), previous: null };
    expect(isSweepableRun(pointer, 'current', 1)).toBe(false);
    expect(isSweepableRun(pointer, 'lost the race', 1)).toBe(true);
    expect(isSweepableRun(NOTHING_PUBLISHED, 'being written', 1)).toBe(false);
    expect(isSweepableRun(NOTHING_PUBLISHED, 'of no generation that will come', 0)).toBe(true);
  });
});

describe('waitingOf', () => {
  it.each([
    { name: 'no archive', chains: [], cuts: {}, waiting: { offsets: 0, missing: null, stopped: [] } },
    { name: 'less than a segment', chains: [[10]], cuts: {}, waiting: { offsets: 10, missing: 6, stopped: [] } },
    {
      name: 'what is above the cut',
      chains: [[20, 20]],
      cuts: { 0: 2 },
      waiting: { offsets: 8, missing: 8, stopped: [] },
    },
    {
      name: 'the partition that needs least',
      chains: [[20], [31]],
      cuts: { 0: 1, 1: 1 },
      waiting: { offsets: 19, missing: 1, stopped: [] },
    },
    {
      name: 'a loss that no further record passes',
      chains: [[20, -10, 30]],
      cuts: { 0: 1 },
      waiting: { offsets: 44, missing: null, stopped: [0] },
    },
    {
      name: 'a loss below the cut',
      chains: [[4, -2, 30]],
      cuts: { 0: 2 },
      waiting: { offsets: 4, missing: 12, stopped: [] },
    },
  ])('counts $name', ({ chains, cuts, waiting }) => {
    const byPartition = new Map(chains.map((lengths, partition) => [partition, chainOf(lengths, partition)]));
    expect(waitingOf(byPartition, cuts, SIZE)).toEqual(waiting);
  });
});
