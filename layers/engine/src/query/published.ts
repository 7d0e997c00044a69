import {
  type ArchiveStore,
  type BatchStore,
  type Plan,
  type Pointer,
  ProtocolError,
  type PublicationStore,
  publicationOf,
  stillReadable,
  ViewLostError,
} from '@bifold/core/engine';

export interface PublishedPorts {
  readonly publications: Pick<PublicationStore, 'newest'>;
  readonly archive: Pick<ArchiveStore, 'partitions'>;
  readonly batch: Pick<BatchStore, 'readPointer'>;
}

/**
 * Checks that the database still has the published data of a view. An emptied database looks like a
 * new one; only the publications recorded in the archive distinguish the two.
 */
export interface PublishedView {
  /**
   * Asks the archive when the process is new, when nothing is published, and when the pointer is
   * older than one seen before.
   * @throws {ViewLostError} when the archive records a newer publication than the database has
   */
  check(pointer: Pointer): Promise<void>;
  /**
   * @throws {ViewLostError} when the archive holds files: an answer that covers nothing cannot be
   * right then
   */
  checkNothingCovered(): Promise<void>;
}

export function publishedView(plan: Pick<Plan, 'name'>, ports: PublishedPorts): PublishedView {
  let seen = Number.POSITIVE_INFINITY;
  return {
    async check(pointer) {
      // Generation 1 may also be the first one of an emptied database, so it is checked each time.
      if (pointer.generation > 1 && pointer.generation >= seen) {
        seen = pointer.generation;
        return;
      }
      const newest = await ports.publications.newest();
      let stored = pointer;
      // The pointer was read before the archive, so a publication in between is not a loss.
      if (isLost(newest, stored)) stored = await ports.batch.readPointer('serial');
      if (isLost(newest, stored)) throw viewLost(plan, newest, stored);
      seen = stored.generation;
    },

    async checkNothingCovered() {
      const partitions = await ports.archive.partitions();
      if (partitions.length > 0) throw nothingCovered(plan, partitions);
    },
  };
}

/**
 * Whether the database lacks a recorded publication: its generation is lower, or is the first one
 * of another run. A run that began before the first publication may have published again, when the
 * database was emptied under it.
 */
export function isLost(recorded: Pointer | null, stored: Pointer): boolean {
  if (recorded === null) return false;
  const isOther = recorded.generation === stored.generation && recorded.current?.run !== stored.current?.run;
  return recorded.generation > stored.generation || isOther;
}

/**
 * Checks a series of reads, because the database may be emptied or restored between them.
 * @returns to be called behind the reads
 * @throws {ProtocolError} behind reads that were of two databases, perhaps
 */
export async function steadyReads({
  batch,
  published,
}: Pick<PublishedPorts, 'batch'> & { readonly published: Pick<PublishedView, 'check'> }): Promise<SteadyReads> {
  const before = await batch.readPointer('quorum');
  return {
    before,
    async check() {
      const pointer = await batch.readPointer('quorum');
      await published.check(pointer);
      // A restored database increases the generation by more than one.
      if (!stillReadable(publicationOf(before), pointer)) throw movedOn(before, pointer);
    },
  };
}

export interface SteadyReads {
  /** The pointer before the reads. */
  readonly before: Pointer;
  check(): Promise<void>;
}

function movedOn(before: Pointer, after: Pointer): ProtocolError {
  return new ProtocolError('BIFOLD_MOVED_ON', {
    failed: 'the generation was replaced twice, or restored, while a batch was folded',
    received: `generation ${before.generation}, then ${after.generation}`,
    allowed: 'at most one generation published meanwhile',
    remedy: 'nothing: the batch is retried',
  });
}

export function viewLost({ name }: Pick<Plan, 'name'>, recorded: Pointer | null, stored: Pointer): ViewLostError {
  return new ViewLostError('BIFOLD_VIEW_LOST', {
    failed: `published data of "${name}" is missing from the database`,
    received:
      stored.generation === 0
        ? 'a database without any generation of it'
        : `generation ${stored.generation} of run ${stored.current?.run}`,
    allowed: `generation ${recorded?.generation} of run ${recorded?.current?.run} or a newer one, as the archive records`,
    remedy: `rebuild it from archive and log: npx bifold restore ${name}`,
  });
}

export function rowsLost({ name }: Pick<Plan, 'name'>, run: string): ViewLostError {
  return new ViewLostError('BIFOLD_VIEW_LOST', {
    failed: `published rows of "${name}" are missing from the database`,
    received: `no rows of run ${run}, which the pointer names`,
    allowed: 'every row of the published run',
    remedy: `empty its tables in the database, then rebuild it: npx bifold restore ${name}`,
  });
}

function nothingCovered({ name }: Pick<Plan, 'name'>, partitions: readonly number[]): ViewLostError {
  return new ViewLostError('BIFOLD_NOTHING_COVERED', {
    failed: `the database holds nothing of "${name}", though the archive holds records`,
    received: `no covered offsets; archived partitions: ${partitions.join(', ')}`,
    allowed: 'an answer that covers records which were archived',
    remedy: `wait for the speed layer: npx bifold wait ${name}; if the database was lost: npx bifold restore ${name}`,
  });
}
