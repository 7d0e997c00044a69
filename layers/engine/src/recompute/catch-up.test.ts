import type { Pipeline } from '@bifold/core';
import { type ArchiveFile, type Pointer, type PublishedRun, segmentStart } from '@bifold/core/engine';
import { airframes } from '@bifold/example-flights';
import { pipelines } from '@bifold/pipelines';
import { describe, expect, it } from '@jest/globals';
import { parseCatchUp, planCatchUp } from './catch-up.ts';

const { plan } = pipelines.find((one) => one.plan.name === 'legs-once') as Pipeline;
const { segmentSize } = plan.storage;
const scope = { version: plan.version, topicId: 'topic' };

interface Partition {
  /** The start and end of each archive file; `lost` ones are empty. */
  readonly files: readonly (readonly [start: number, end: number, lost?: 'lost'])[];
  /** The first segment above the cut. */
  readonly cut: number;
  /** The progress of the speed layer in each segment. */
  readonly progress: readonly (readonly [segment: number, next: number])[];
}

function portsOf(partitions: readonly Partition[]) {
  const cuts = Object.fromEntries(partitions.map(({ cut }, partition) => [partition, cut]));
  const current: PublishedRun = { run: 'r', runGeneration: 1, cuts, lost: {}, publishedAtMs: 0 };
  const pointer: Pointer = { generation: 1, current, previous: null };
  return {
    archive: {
      partitions: async () => [...partitions.keys()],
      chain: async (partition: number) =>
        (partitions[partition] as Partition).files.map(
          ([start, end, lost]): ArchiveFile =>
            ({ partition, start, end, records: 0, lost: lost !== undefined, path: '' }) as ArchiveFile,
        ),
    },
    batch: { readPointer: async () => pointer },
    speed: {
      readProgress: async (partition: number, from: number, to: number | null) =>
        new Map(
          (partitions[partition] as Partition).progress.filter(
            ([segment]) => segment >= from && (to === null || segment < to),
          ),
        ),
    },
  };
}

const at = (segments: number, more = 0): number => segmentStart(segments, segmentSize) + more;

describe('catchUpOf', () => {
  it.each<[string, Partition, number | null]>([
    ['nothing folded above the cut', { files: [[0, at(2, 7)]], cut: 2, progress: [] }, at(2, 7)],
    ['less folded than is archived', { files: [[0, at(2, 7)]], cut: 2, progress: [[2, at(2, 5)]] }, at(2, 7)],
    ['all folded that is archived', { files: [[0, at(2, 7)]], cut: 2, progress: [[2, at(2, 7)]] }, null],
    ['more folded than is archived', { files: [[0, at(2, 7)]], cut: 2, progress: [[2, at(3)]] }, null],
    ['a gap below what is folded', { files: [[0, at(3, 7)]], cut: 2, progress: [[3, at(3, 7)]] }, at(3, 7)],
    ['an archive that ends with a segment', { files: [[0, at(2)]], cut: 2, progress: [] }, null],
    ['an archive of nothing', { files: [], cut: 0, progress: [] }, null],
    [
      'a loss that no cut has passed',
      {
        files: [
          [0, 9, 'lost'],
          [9, at(1, 7)],
        ],
        cut: 0,
        progress: [],
      },
      null,
    ],
    [
      'a loss below the cut',
      {
        files: [
          [0, 9, 'lost'],
          [9, at(1, 7)],
        ],
        cut: 1,
        progress: [],
      },
      at(1, 7),
    ],
  ])('%s', async (_, partition, upTo) => {
    const catchUp = await planCatchUp(plan, scope, portsOf([partition]));
    expect(catchUp).toEqual(upTo === null ? null : { eventSource: 'bifold.recompute', scope, upTo: { 0: upTo } });
  });

  it('names the partitions that are behind, and no others', async () => {
    const [behind, complete]: Partition[] = [
      { files: [[0, at(1, 3)]], cut: 1, progress: [] },
      { files: [[0, at(1, 3)]], cut: 1, progress: [[1, at(1, 3)]] },
    ];
    const catchUp = await planCatchUp(plan, scope, portsOf([complete, behind, complete] as Partition[]));
    expect(catchUp?.upTo).toEqual({ 1: at(1, 3) });
    expect(parseCatchUp(JSON.parse(JSON.stringify(catchUp)))).toEqual({ scope, upTo: new Map([[1, at(1, 3)]]) });
  });

  it('asks nothing of a view that does not look back: its segments are open where the next batch begins', async () => {
    const behind: Partition = { files: [[0, at(2, 7)]], cut: 2, progress: [] };
    expect(await planCatchUp(airframes.plan, scope, portsOf([behind]))).toBeNull();
  });
});

describe('parseCatchUp', () => {
  it.each([null, undefined, 'x', {}, { eventSource: 'SelfManagedKafka', records: {} }])('passes over %j', (event) => {
    expect(parseCatchUp(event)).toBeNull();
  });

  it.each([
    {},
    { scope },
    { scope, upTo: {} },
    { scope, upTo: { 0: -1 } },
    { scope, upTo: { 0: 1.5 } },
    { scope, upTo: { 0: '7' } },
    { scope, upTo: { x: 7 } },
    { scope: { version: 'v' }, upTo: { 0: 7 } },
    { upTo: { 0: 7 } },
  ])('refuses %j', (rest) => {
    expect(() => parseCatchUp({ eventSource: 'bifold.recompute', ...rest })).toThrow(/BIFOLD_BAD_CATCH_UP/);
  });
});
