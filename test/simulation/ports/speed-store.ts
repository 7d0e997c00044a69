import type { MemoryDatabase } from '@bifold/adapters/memory';
import { type QuarantineEntry, type Scope, type SpeedStore, type StoragePlan, segmentStart } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { mutate, read } from './calls.ts';
import { first, largest, newest, paged, positionId, union } from './rows.ts';
import type { Stage } from './stage.ts';

export function speedStore(stage: Stage, actor: Actor, scope: Scope, storage: StoragePlan): SpeedStore {
  const of = (database: MemoryDatabase): SpeedStore => database.speedStore(scope, storage);
  return {
    ...progressOf(stage, actor, of, storage),
    ...fragmentsOf(stage, actor, of),
    ...quarantineOf(stage, actor, of),
  };
}

/** The store of the scope in a database. */
type StoreOf = (database: MemoryDatabase) => SpeedStore;

type Progress = 'partitions' | 'registerPartition' | 'readProgress' | 'closeSegment' | 'writeProgress';

function progressOf(stage: Stage, actor: Actor, of: StoreOf, storage: StoragePlan): Pick<SpeedStore, Progress> {
  // A closed segment has the newest write, and the smallest value.
  const isClosed = (segment: number, next: number) => next === segmentStart(segment, storage.segmentSize);
  return {
    partitions: () =>
      read(
        stage,
        actor,
        'partitions',
        (db) => of(db).partitions(),
        (left, right) => [...new Set([...left, ...right])].sort((one, other) => one - other),
        (db, merged) => Promise.all(merged.map((partition) => of(db).registerPartition(partition))),
      ),
    registerPartition: (partition) =>
      mutate(stage, actor, `register p${partition}`, (db) => of(db).registerPartition(partition)),
    readProgress: (partition, from, to) =>
      read(
        stage,
        actor,
        `progress of p${partition} [${from}, ${to ?? ''})`,
        (db) => of(db).readProgress(partition, from, to),
        (left, right) => {
          const closed = [...left, ...right].filter(([segment, next]) => isClosed(segment, next));
          return new Map([...largest(left, right), ...closed]);
        },
        (db, merged) =>
          Promise.all(
            Array.from(merged, ([segment, next]) =>
              isClosed(segment, next)
                ? of(db).closeSegment(partition, segment)
                : of(db).writeProgress(partition, segment, next),
            ),
          ),
      ),
    closeSegment: (partition, segment) =>
      mutate(stage, actor, `close p${partition} s${segment}`, (db) => of(db).closeSegment(partition, segment)),
    writeProgress: (partition, segment, next) =>
      mutate(stage, actor, `progress p${partition} s${segment} = ${next}`, (db) =>
        of(db).writeProgress(partition, segment, next),
      ),
  };
}

type Fragments = 'readSegment' | 'writeFragments' | 'scan' | 'deleteFragmentsBelow';

function fragmentsOf(stage: Stage, actor: Actor, of: StoreOf): Pick<SpeedStore, Fragments> {
  return {
    readSegment: (partition, segment) =>
      read(
        stage,
        actor,
        `fragments of p${partition} s${segment}`,
        (db) => of(db).readSegment(partition, segment),
        newest,
        (db, merged) => of(db).writeFragments(partition, segment, merged),
      ),
    // Rows are separate mutations: any of them may be missing if the others are there.
    writeFragments: async (partition, segment, rows) => {
      await Promise.all(
        rows.map((row) =>
          mutate(
            stage,
            actor,
            `fragment p${partition} s${segment} ${positionId(row)} lastOffset ${row.lastOffset}`,
            (db) => of(db).writeFragments(partition, segment, [row]),
          ),
        ),
      );
    },
    scan: (partition, segment, bucket, filter, after) =>
      paged(actor, after, (position, rows) =>
        read(
          stage,
          actor,
          `scan p${partition} s${segment} b${bucket}`,
          (db) => first(of(db).scan(partition, segment, bucket, filter, position), rows),
          newest,
          (db, merged) => of(db).writeFragments(partition, segment, merged),
        ),
      ),
    deleteFragmentsBelow: (partition, fromSegment, belowSegment) =>
      mutate(stage, actor, `delete fragments p${partition} s[${fromSegment}, ${belowSegment})`, (db) =>
        of(db).deleteFragmentsBelow(partition, fromSegment, belowSegment),
      ),
  };
}

function quarantineOf(stage: Stage, actor: Actor, of: StoreOf): Pick<SpeedStore, 'writeQuarantine' | 'listQuarantine'> {
  return {
    writeQuarantine: async (entries) => {
      if (entries.length > 0)
        await mutate(stage, actor, `quarantine ${entries.length}`, (db) => of(db).writeQuarantine(entries));
    },
    listQuarantine: (partition, fromSegment, limit) =>
      read(
        stage,
        actor,
        'list quarantine',
        (db) => of(db).listQuarantine(partition, fromSegment, limit),
        union<QuarantineEntry>(({ offset }) => String(offset)),
        async () => undefined,
      ),
  };
}
