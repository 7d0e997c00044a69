import { ProtocolError } from '../errors.ts';
import { segmentEnd, segmentOf, segmentStart } from '../fold/segment.ts';
import type { SegmentSize } from '../plan/storage.ts';
import type { ArchiveFile } from '../ports/archive-store.ts';
import type { Pointer, PublishedRun } from '../ports/batch-store.ts';
import { cutOf, partitionsOf } from '../query/answer.ts';
import type { Range } from '../query/coverage.ts';

/** The offsets that a run will cover, fixed before it reads a row. */
export interface Manifest {
  readonly cuts: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, readonly Range[]>>;
  /** The archive files that contain the covered offsets. Lost ranges have no records. */
  readonly files: readonly ArchiveFile[];
}

/**
 * Rules 7 and 8. Per partition, the cut is the archive's frontier, rounded down to whole segments.
 * It stops at the first range that retention deleted before archiving, unless an earlier run
 * already covers it or the operator accepts the loss. A cut never falls.
 *
 * @param acceptLost the operator accepts that cuts pass lost ranges; receipts then always name them
 *   as gaps
 * @returns null if no cut moved: there is nothing new to publish
 * @throws {ProtocolError} if the archive ends below the published cuts: the run's rows would lack
 *   records that its receipts claim
 */
export function manifestOf(
  chains: ReadonlyMap<number, readonly ArchiveFile[]>,
  pointer: Pointer,
  segmentSize: SegmentSize,
  acceptLost: boolean,
): Manifest | null {
  const cuts: Record<string, number> = {};
  const lost: Record<string, readonly Range[]> = {};
  const files: ArchiveFile[] = [];
  let moved = false;
  for (const partition of new Set([...chains.keys(), ...partitionsOf(pointer.current)])) {
    const chain = chains.get(partition) ?? [];
    const before = cutOf(pointer.current, partition);
    const published = segmentStart(before, segmentSize);
    const gap = acceptLost ? undefined : chain.find((file) => file.lost && file.start >= published);
    const end = chain.at(-1)?.end ?? 0;
    if (end < published) throw archiveShort(partition, end, published);
    const cut = Math.max(before, segmentOf(gap?.start ?? end, segmentSize));
    cuts[partition] = cut;
    if (cut > before) moved = true;
    const below = segmentStart(cut, segmentSize);
    const covered = chain.filter((file) => file.start < below);
    files.push(...covered);
    const ranges = covered.filter((file) => file.lost).map((file): Range => [file.start, Math.min(file.end, below)]);
    if (ranges.length > 0) lost[partition] = ranges;
  }
  return moved ? { cuts, lost, files } : null;
}

/** Archived offsets that cuts leave to the speed layer, and what the next segment lacks. */
export interface Waiting {
  /** Archived offsets in segments that are not complete, or that lie behind a lost range. */
  readonly offsets: number;
  /**
   * The number of further offsets that complete the next segment of some partition. Null if no
   * further record can: nothing is archived, or only lost ranges remain.
   */
  readonly missing: number | null;
  /** Partitions whose cut stops at a lost range until an operator accepts the loss. */
  readonly stopped: readonly number[];
}

/** The archived offsets that a run with these cuts does not cover. */
export function waitingOf(
  chains: ReadonlyMap<number, readonly ArchiveFile[]>,
  cuts: Readonly<Record<string, number>>,
  segmentSize: SegmentSize,
): Waiting {
  let offsets = 0;
  let missing: number | null = null;
  const stopped: number[] = [];
  for (const [partition, chain] of chains) {
    const end = chain.at(-1)?.end ?? 0;
    const cut = cuts[String(partition)] ?? 0;
    const start = segmentStart(cut, segmentSize);
    offsets += Math.max(0, end - start);
    if (chain.some((file) => file.lost && file.start >= start)) stopped.push(partition);
    else if (end > 0) missing = Math.min(missing ?? Number.POSITIVE_INFINITY, segmentEnd(cut, segmentSize) - end);
  }
  return { offsets, missing, stopped };
}

/**
 * The manifest of a published run: the same files, so its rows are computed equal.
 * @throws {ProtocolError} if the archive ends below its cuts
 */
export function manifestOfRun(
  { cuts, lost }: PublishedRun,
  chains: ReadonlyMap<number, readonly ArchiveFile[]>,
  segmentSize: SegmentSize,
): Manifest {
  const files = Object.entries(cuts).flatMap(([name, cut]) => {
    const chain = chains.get(Number(name)) ?? [];
    const end = chain.at(-1)?.end ?? 0;
    const below = segmentStart(cut, segmentSize);
    if (end < below) throw archiveShort(Number(name), end, below);
    return chain.filter((file) => file.start < below);
  });
  return { cuts, lost, files };
}

/**
 * The pointer of a rebuilt database. Its generation leaps: the archive may lack the newest
 * publication, and a reader that began before the database was emptied must see that its generation
 * is gone (it accepts a step of one).
 */
export function restoredPointer(recorded: Pointer, run: string, restoredAtMs: number): Pointer {
  const generation = recorded.generation + RESTORE_LEAP;
  const nothing = { run, runGeneration: generation, cuts: {}, lost: {}, publishedAtMs: restoredAtMs };
  return { generation, current: recorded.current ?? nothing, previous: recorded.previous };
}

/**
 * The generation leap after a restore: one for a publication that was not recorded, and two because
 * readers accept a step of one.
 */
const RESTORE_LEAP = 3;

function archiveShort(partition: number, end: number, published: number): ProtocolError {
  return new ProtocolError('BIFOLD_ARCHIVE_SHORT', {
    failed: `partition ${partition} cannot be recomputed: its archive ends below the published cut`,
    received: `files up to offset ${end}`,
    allowed: `files from offset 0 to ${published} at least`,
    remedy: 'restore the files that are missing from the archive; nothing was published',
  });
}

/**
 * The pointer after a run: one generation on, with the run that was current as the previous one.
 */
export function pointerAfter(pointer: Pointer, run: string, manifest: Manifest, publishedAtMs: number): Pointer {
  const generation = pointer.generation + 1;
  const current: PublishedRun = {
    run,
    runGeneration: generation,
    cuts: manifest.cuts,
    lost: manifest.lost,
    publishedAtMs,
  };
  return { generation, current, previous: pointer.current };
}

/**
 * The fragments that the sweeper may delete (rule 9) are below the minimum of both cuts. It may
 * also delete runs up to the pointer's generation that the pointer does not name.
 */
export function sweepableSegments(pointer: Pointer, partition: number): number {
  return Math.min(cutOf(pointer.current, partition), cutOf(pointer.previous, partition));
}

export function isSweepableRun(pointer: Pointer, run: string, generation: number): boolean {
  return generation <= pointer.generation && run !== pointer.current?.run && run !== pointer.previous?.run;
}

export const NOTHING_PUBLISHED: Pointer = Object.freeze({ generation: 0, current: null, previous: null });
