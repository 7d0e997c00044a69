import type { MemoryDatabase } from '@bifold/adapters/memory';
import {
  type AnyAlgebra,
  type BatchStore,
  type FragmentRow,
  type LogRecord,
  NO_WATERMARK_MS,
  type OperatorStateStore,
  type Pointer,
  QUARANTINE_WINDOW,
  rowId,
  type Scope,
  type SpeedStore,
  type StateEntry,
  segmentEnd,
  segmentOf,
  segmentStart,
  type ViewAlias,
} from '@bifold/core/engine';
import type { Stage } from './ports.ts';
import type { Sabotage } from './sabotage.ts';

/**
 * One way to break each rule that the code has. The simulation must find every one: what it does
 * not find, it does not guard.
 */
export const SABOTAGES: readonly Sabotage[] = [
  {
    name: 'last-offset-ignored',
    rule: 1,
    breaks: 'a record at or below `lastOffset` is folded again',
    fold: (fold) => ({
      ...fold,
      rows: {
        ...fold.rows,
        of: (window) => {
          const algebra = fold.rows.of(window);
          return {
            ...algebra,
            decodeFragment: (cell) => ({ lastOffset: -1, states: algebra.decodeFragment(cell).states }),
          };
        },
      },
    }),
  },
  {
    name: 'fragments-by-wall-clock',
    rule: 2,
    breaks: 'the last fragment to arrive wins, as with timestamps of the wall clock',
    speed: (store, _, stage, scope) => byArrival(store, stage, scope),
  },
  {
    name: 'progress-by-wall-clock',
    rule: 2,
    breaks: 'the last progress to arrive wins',
    speed: (store, _, stage, { version, topicId }) => {
      const latest = arrivalsOf<number>(stage, 'progress');
      const id = (partition: number, segment: number) => [version, topicId, partition, segment].join('|');
      return {
        ...store,
        writeProgress: async (partition, segment, next) => {
          await store.writeProgress(partition, segment, next);
          latest.set(id(partition, segment), next);
        },
        readProgress: async (partition, from, to) => {
          const read = await store.readProgress(partition, from, to);
          return new Map(Array.from(read, ([segment, next]) => [segment, latest.get(id(partition, segment)) ?? next]));
        },
      };
    },
  },
  {
    name: 'no-read-repair',
    rule: 2,
    breaks: 'what a reader saw on one replica may be gone for the next one',
    readRepair: false,
  },
  {
    name: 'no-version-in-key',
    rule: 3,
    breaks: 'two definitions write the same rows',
    scope: ({ topicId }) => ({ version: 'trips', topicId }),
  },
  {
    name: 'no-topic-id-in-key',
    rule: 3,
    breaks: 'a recreated topic writes the rows of the one before it',
    scope: ({ version }) => ({ version, topicId: 'topic' }),
  },
  {
    name: 'topic-id-not-verified',
    rule: 3,
    breaks: 'records of a recreated topic are taken for those of the bound one',
    log: (log, _, scope) => ({
      ...log,
      topicId: async () => ((await log.topicId()) === null ? null : scope.topicId),
    }),
  },
  {
    name: 'group-of-the-old-version',
    rule: 3,
    breaks: 'a new version goes on from the offsets that the old one committed',
    sharedGroup: true,
  },
  {
    name: 'alias-moves-early',
    rule: 3,
    breaks: 'the alias names a new version as soon as it is deployed',
    aliases: (store) => ({
      ...store,
      move: (expected, { generation, current, previous, next }) =>
        store.move(expected, {
          ...{ generation, next: null, sealed: null },
          ...(next === null ? { current, previous } : { current: next, previous: current }),
        }),
    }),
  },
  {
    name: 'alias-remembered',
    rule: 3,
    breaks: 'a warm function goes on with the alias that it read first',
    aliases: (store, role, stage, { version, topicId }) => {
      if (role !== 'query') return store;
      const remembered = arrivalsOf<ViewAlias>(stage, 'aliases');
      const id = `${version} ${topicId}`;
      return {
        ...store,
        read: async () => {
          const alias = remembered.get(id) ?? (await store.read());
          if (alias !== null && alias.next === null) remembered.set(id, alias);
          return alias;
        },
      };
    },
  },
  {
    name: 'alias-moved-blindly',
    rule: 3,
    breaks: 'the alias is written without a comparison: of two deployments and questions the last to arrive wins',
    aliases: (store) => ({
      ...store,
      move: async (expected, next) => {
        if (expected === null) return store.move(null, next);
        for (;;) {
          const stored = await store.read();
          if (stored === null) return false;
          if (await store.move(stored, { ...next, generation: stored.generation + 1 })) return true;
        }
      },
    }),
  },
  {
    name: 'cache-kept-on-failure',
    rule: 4,
    breaks: 'a failed invocation leaves its changed cache behind',
    warm: (cold) => ({
      ...cold,
      partitions: new (class<K, V> extends Map<K, V> {
        override delete(): boolean {
          return false;
        }
      })(),
    }),
  },
  {
    name: 'cache-for-any-batch',
    rule: 4,
    breaks: 'a cache is used for a batch that does not start where it ends',
    delivery: (delivery, warm) => {
      for (const [partition, [first]] of delivery) {
        const known = warm.partitions.get(partition);
        if (known && first) warm.partitions.set(partition, { ...known, end: first.offset });
      }
      return delivery;
    },
  },
  {
    name: 'cache-across-deployments',
    rule: 4,
    breaks: 'a warm process serves another version or topic id with the cache of the last',
    sharedWarmth: true,
  },
  {
    name: 'absent-key-not-read',
    rule: 4,
    breaks: 'a key that is not in the cache is taken for new, not read',
    speed: (store, role) => ({
      ...store,
      readSegment: async (partition, segment) => {
        const rows = await store.readSegment(partition, segment);
        return role === 'speed' ? rows.slice(0, -1) : rows;
      },
    }),
  },
  {
    name: 'progress-before-fragments',
    rule: 5,
    breaks: 'progress is written while fragments are still on their way',
    speed: (store) => ({
      ...store,
      writeFragments: async (partition, segment, rows) => {
        store.writeFragments(partition, segment, rows).catch(() => undefined);
      },
    }),
  },
  {
    name: 'lost-segments-left-open',
    rule: 5,
    breaks: 'a restored view counts progress of segments of which records are lost',
    speed: (store, role) => (role === 'restore' ? { ...store, closeSegment: async () => undefined } : store),
  },
  {
    name: 'progress-as-one-number',
    rule: 5,
    breaks: 'progress in a segment vouches for the segment before it too',
    speed: (store, _, { segmentSize }) => ({
      ...store,
      writeProgress: async (partition, segment, next) => {
        if (segment > 0) await store.writeProgress(partition, segment - 1, segmentStart(segment, segmentSize));
        await store.writeProgress(partition, segment, next);
      },
    }),
  },
  {
    name: 'log-not-asked',
    rule: 5,
    breaks: 'what is missing below a batch is taken for a hole',
    log: (log, role) =>
      role === 'speed' ? { ...log, read: async (_, __, to) => ({ records: [], end: to, logStart: 0 }) } : log,
  },
  {
    name: 'closed-segment-written',
    rule: 5,
    breaks: 'a segment whose beginning the log no longer has is opened all the same',
    log: (log, role) =>
      role === 'speed' ? { ...log, read: async (...of) => ({ ...(await log.read(...of)), logStart: 0 }) } : log,
  },
  {
    name: 'archive-overwrites',
    rule: 7,
    breaks: 'an archive file is written without If-None-Match',
    bucket: (bucket) => ({
      ...bucket,
      create: async (key, localPath, metadata) => {
        await bucket.put(key, localPath, metadata);
        return { kind: 'created' };
      },
    }),
  },
  {
    name: 'loss-taken-for-a-hole',
    rule: 7,
    breaks: 'what retention took before the archive came counts as a hole',
    log: (log, role) =>
      role === 'archive' ? { ...log, read: async (...of) => ({ ...(await log.read(...of)), logStart: 0 }) } : log,
  },
  {
    name: 'log-start-read-first',
    rule: 7,
    breaks: "the log's start is read before the fetch, not after it",
    log: (log, role) =>
      role === 'archive'
        ? {
            ...log,
            read: async (partition, ...of) => {
              const { start } = await log.bounds(partition);
              return { ...(await log.read(partition, ...of)), logStart: start };
            },
          }
        : log,
  },
  {
    name: 'publish-without-compare',
    rule: 8,
    breaks: 'the pointer is set, whoever moved it meanwhile',
    batch: (store) => ({
      ...store,
      publish: async (_, next) => {
        const { generation } = await store.readPointer('serial');
        const current = next.current && { ...next.current };
        return store.publish(
          { generation, current: null, previous: null },
          { ...next, generation: generation + 1, current },
        );
      },
    }),
  },
  {
    name: 'publish-before-rows',
    rule: 8,
    breaks: 'the pointer is moved while rows of the run are still on their way',
    batch: (store) => ({
      ...store,
      writeRows: async (entry, rows) => {
        store.writeRows(entry, rows).catch(() => undefined);
      },
    }),
  },
  {
    name: 'cut-not-floored',
    rule: 8,
    breaks: "a cut takes in the segment that the archive's end lies in",
    archive: (archive, { segmentSize }) => ({
      ...archive,
      chain: async (partition) => {
        const chain = await archive.chain(partition);
        const end = (file: (typeof chain)[number]) => segmentEnd(segmentOf(file.end - 1, segmentSize), segmentSize);
        return chain.map((file, index) => (index === chain.length - 1 ? { ...file, end: end(file) } : file));
      },
      fetch: async (file, localPath) => {
        const whole = (await archive.chain(file.partition)).find(({ start }) => start === file.start);
        await archive.fetch(whole ?? file, localPath);
      },
    }),
  },
  {
    name: 'run-id-used-twice',
    rule: 8,
    breaks: 'run ids are not fresh: attempts write into the rows of one another',
    runId: () => 'run',
  },
  {
    name: 'pointer-read-once',
    rule: 8,
    breaks: 'a reader does not look at the pointer again',
    batch: (store, role) => {
      if (role !== 'query') return store;
      let known: Pointer | null = null;
      return {
        ...store,
        readPointer: async (consistency) => {
          known ??= await store.readPointer(consistency);
          return known;
        },
      };
    },
  },
  {
    name: 'sweep-by-the-newest-cut',
    rule: 9,
    breaks: 'fragments below the current cut are deleted, though the previous run is still read',
    batch: (store, role) => sweeperSees(store, role, (pointer) => ({ ...pointer, previous: pointer.current })),
  },
  {
    name: 'sweep-every-unnamed-run',
    rule: 9,
    breaks: 'a run that is being written is deleted',
    batch: (store, role) => sweeperSees(store, role, (pointer) => ({ ...pointer, generation: pointer.generation + 9 })),
  },
  {
    name: 'time-to-live',
    rule: 9,
    breaks: 'fragments of a stalled batch layer expire',
    speed: (store, role, stage) => ({
      ...store,
      scan: async function* (partition, segment, ...of) {
        const expired = role === 'query' && stage.scheduler.now > 100 && segment === 0;
        if (!expired) yield* store.scan(partition, segment, ...of);
      },
    }),
  },
  {
    name: 'seen-alone',
    rule: 10,
    breaks: 'an id that was ever seen is a duplicate, whoever saw it: also the first one, when it comes again',
    operatorState: (store) => ({
      ...store,
      read: async (...asked) => (await store.read(...asked)).map((one) => ({ ...one, offset: -1 })),
    }),
  },
  {
    name: 'last-owner-wins',
    rule: 10,
    breaks: 'of several operator state of an id, only the last one is known',
    operatorState: (store) => ({
      ...store,
      read: async (...asked) => {
        const last = new Map<string, StateEntry>();
        for (const one of await store.read(...asked))
          if (one.offset > (last.get(one.id)?.offset ?? -1)) last.set(one.id, one);
        return [...last.values()];
      },
    }),
  },
  {
    name: 'operator-state-not-published',
    rule: 10,
    breaks: 'a cut is published, and what appeared in segments that were closed to the speed layer is stored nowhere',
    operatorState: (store, role) => (role === 'recompute' ? { ...store, write: async () => undefined } : store),
  },
  {
    name: 'opened-after-closed',
    rule: 10,
    breaks: 'a segment is opened after one that was closed, as if nothing had appeared there',
    speed: (store, role, { segmentSize }) =>
      role !== 'speed'
        ? store
        : {
            ...store,
            readProgress: async (partition, from, to) => {
              const progress = new Map(await store.readProgress(partition, from, to));
              for (let segment = from; to !== null && segment < to - 1; segment++)
                progress.set(segment, segmentEnd(segment, segmentSize));
              return progress;
            },
          },
  },
  {
    name: 'not-resumed',
    rule: 10,
    breaks: 'nobody tells the speed layer that a cut has passed what it lacked: it waits for a record',
    notResumed: true,
  },
  {
    name: 'marks-of-batches-alone',
    rule: 6,
    breaks: 'the watermark is stored where batches end, and not where segments do: less is called final than is',
    operatorState: (store, role) =>
      role !== 'speed'
        ? store
        : {
            ...store,
            write: async (partition, some) => {
              const last = some.findLast(({ id }) => id.startsWith('watermark|'));
              await store.write(
                partition,
                some.filter((one) => one === last || !one.id.startsWith('watermark|')),
              );
            },
          },
  },
  {
    name: 'final-by-half-a-log',
    rule: 6,
    breaks: 'a row is called final by the watermark of one partition, while others are behind',
    operatorState: (store, role) =>
      role !== 'query'
        ? store
        : {
            ...store,
            read: async (partition, wanted) =>
              (await store.read(partition, wanted)).map((one) =>
                partition > 0 && one.id.startsWith('watermark|') ? { ...one, timeMs: one.timeMs + 1_000 } : one,
              ),
          },
  },
  {
    name: 'clock-of-the-batch',
    rule: 6,
    breaks: 'what is late is decided by the clock of the batch, as if nothing had come before it',
    fold: (fold) => {
      if (fold.statefulStage?.late == null) return fold;
      const { late } = fold.statefulStage;
      let lastMs = Number.POSITIVE_INFINITY;
      return {
        ...fold,
        statefulStage: {
          ...fold.statefulStage,
          // A clock that was handed over from elsewhere is not this one's.
          late: {
            after: (watermarkMs, event, timestampMs) => {
              lastMs = late.after(watermarkMs === lastMs ? watermarkMs : NO_WATERMARK_MS, event, timestampMs);
              return lastMs;
            },
            isLate: (watermarkMs, event) => watermarkMs === lastMs && late.isLate(watermarkMs, event),
          },
        },
      };
    },
  },
  {
    name: 'relayed-twice',
    rule: 10,
    breaks: 'what a relay brings a second time counts a second time',
    fold: (fold) =>
      fold.pipeline.plan.relay === undefined || fold.statefulStage === null
        ? fold
        : { ...fold, statefulStage: { ...fold.statefulStage, relayed: null } },
  },
  {
    name: 'relayed-early',
    rule: 10,
    breaks: 'a relay is done with records before the log has them',
    relayedEarly: true,
  },
  {
    name: 'join-without-quorum',
    rule: 10,
    breaks: 'a side of a join is written to one replica, and read from one',
    operatorState: (store, _, { replicas }, scope) => {
      const isJoined = ({ id }: { readonly id: string }): boolean => id.startsWith('join|');
      const storeOf = (index: number): OperatorStateStore =>
        (replicas[index % replicas.length] as MemoryDatabase).operatorStateStore(scope);
      return {
        read: async (partition, wanted) => [
          ...(await storeOf(0).read(partition, wanted.filter(isJoined))),
          ...(await store.read(
            partition,
            wanted.filter((one) => !isJoined(one)),
          )),
        ],
        write: async (partition, some) => {
          for (const one of some.filter(isJoined)) await storeOf(one.offset).write(partition, [one]);
          await store.write(
            partition,
            some.filter((one) => !isJoined(one)),
          );
        },
      };
    },
  },
  {
    name: 'pairs-on-both-sides',
    rule: 10,
    breaks: 'an event is joined with all that is there, also with what came after it',
    operatorState: (store) => ({
      ...store,
      read: async (...asked) =>
        (await store.read(...asked)).map((one) => (one.id.startsWith('join|') ? { ...one, offset: -1 } : one)),
    }),
  },
  {
    name: 'panes-longer-than-the-gap',
    rule: 11,
    breaks: 'a session is stored by stretches in which events may lie further apart than its gap',
    fold: (fold) => ({
      ...fold,
      panes: fold.panes.map((panes) =>
        panes.tracksEventTimeBounds ? { ...panes, paneOf: (timeMs) => Math.floor(timeMs / 60) * 60 } : panes,
      ),
    }),
  },
  {
    name: 'session-without-its-times',
    rule: 11,
    breaks: 'of the events of a pane, the time of the first one alone is kept',
    fold: (fold) => ({
      ...fold,
      addTime: (states, timeMs) => {
        if (states.at(-1) === null) fold.addTime(states, timeMs);
      },
    }),
  },
  {
    name: 'rounded-sums',
    rule: 12,
    breaks: 'the speed layer adds doubles and rounds each time',
    fold: (fold) => ({
      ...fold,
      addTo: (states, slots, at) => {
        fold.addTo(states, slots, at);
        fold.rows.view.aggregates.forEach(({ kind, domain }, index) => {
          const algebra = fold.rows.view.algebras[index] as AnyAlgebra;
          if (kind !== 'sum' || domain !== 'double') return;
          states[index] = algebra.add(algebra.empty, algebra.present(states[index]) as number);
        });
      },
    }),
  },
  {
    name: 'last-by-arrival',
    rule: 12,
    breaks: 'the speed layer takes the event that stands last in the log for the latest',
    fold: (fold) => ({ ...fold, addTo: (states, slots, at) => fold.addTo(states, slots, { ...at, timeMs: 0 }) }),
  },
  {
    name: 'binding-not-conditional',
    rule: 13,
    breaks: 'each writer uses the lookup version that is current for it',
    bindings: (store) => ({
      ...store,
      bind: async (partition, wanted) => {
        await store.bind(partition, wanted);
        return wanted.map(({ version }) => version);
      },
    }),
  },
  {
    name: 'bindings-not-archived',
    rule: 13,
    breaks: 'what segments are bound to stands in the database alone, and is lost with it',
    bindingArchive: (archive) => ({ ...archive, bind: async (_, wanted) => wanted.map(({ version }) => version) }),
  },
  {
    name: 'emptied-database-answered',
    rule: 8,
    breaks: 'answers are given from a database that lost what was published',
    publications: (store, role) => (role === 'query' ? { ...store, newest: async () => null } : store),
  },
  {
    name: 'model-of-the-moment',
    rule: 13,
    breaks: 'each writer scores with the version of a model that is current when it folds',
    bindings: (store) => ({
      ...store,
      bind: async (partition, wanted) => {
        const bound = await store.bind(partition, wanted);
        return wanted.map(({ name, version }, index) =>
          name.startsWith('model:') ? version : (bound[index] as string),
        );
      },
      // Whoever folds asks for the segments at hand; a receipt names what all of them are bound to.
      list: async (partition, from, to) => {
        const bound = await store.list(partition, from, to);
        const own = (names: ReadonlyMap<string, string>) => [...names].filter(([name]) => !name.startsWith('model:'));
        return to === null ? bound : new Map(Array.from(bound, ([segment, names]) => [segment, new Map(own(names))]));
      },
    }),
  },
  {
    name: 'poison-dropped',
    rule: 14,
    breaks: 'the speed layer leaves bad records out of the count',
    speed: (store) => ({
      ...store,
      writeFragments: (partition, segment, rows) =>
        store.writeFragments(
          partition,
          segment,
          rows.filter(({ window }) => window !== QUARANTINE_WINDOW),
        ),
    }),
  },
  {
    name: 'quarantine-before-progress',
    rule: 14,
    breaks: 'progress is written while quarantine entries are still on their way',
    speed: (store) => ({
      ...store,
      writeQuarantine: async (entries) => {
        store.writeQuarantine(entries).catch(() => undefined);
      },
    }),
  },
  {
    name: 'ahead-not-said',
    rule: 15,
    breaks: 'a row whose `lastOffset` lies beyond progress is given as if it covered the receipt alone',
    answer: (answer) => ({ ...answer, rows: answer.rows.map(({ ahead: _, ...row }) => row) }),
  },
  {
    name: 'fragments-below-the-cut',
    rule: 15,
    breaks: 'a segment that the run covers is added from its fragments as well',
    batch: (store, role) =>
      role === 'query'
        ? {
            ...store,
            readPointer: async (consistency) => {
              const pointer = await store.readPointer(consistency);
              const lower = (cuts: Readonly<Record<string, number>>) =>
                Object.fromEntries(Object.entries(cuts).map(([name, cut]) => [name, Math.max(0, cut - 1)]));
              return {
                ...pointer,
                current: pointer.current && { ...pointer.current, cuts: lower(pointer.current.cuts) },
              };
            },
          }
        : store,
  },
  {
    name: 'mapping-with-a-filter',
    rule: 16,
    breaks: 'the mapping drops records in the middle of a batch',
    delivery: (delivery) =>
      new Map(Array.from(delivery, ([partition, records]) => [partition, withoutMiddle(records)])),
  },
];

function withoutMiddle(records: readonly LogRecord[]): readonly LogRecord[] {
  return records.filter(({ offset }, index) => index === 0 || index === records.length - 1 || offset % 3 !== 0);
}

function sweeperSees(store: BatchStore, role: string, seen: (pointer: Pointer) => Pointer): BatchStore {
  if (role !== 'sweep') return store;
  return { ...store, readPointer: async (consistency) => seen(await store.readPointer(consistency)) };
}

// A table whose rows are kept by their arrival, for the sabotages of rule 2.

const arrivals = new WeakMap<Stage, Map<string, Map<string, unknown>>>();

function arrivalsOf<T>(stage: Stage, table: string): Map<string, T> {
  const tables = arrivals.get(stage) ?? new Map<string, Map<string, unknown>>();
  arrivals.set(stage, tables);
  const found = tables.get(table) ?? new Map<string, unknown>();
  tables.set(table, found);
  return found as Map<string, T>;
}

function byArrival(store: SpeedStore, stage: Stage, { version, topicId }: Scope): SpeedStore {
  const latest = arrivalsOf<FragmentRow>(stage, 'fragments');
  const id = (partition: number, segment: number, { window, startMs, key }: FragmentRow) =>
    [version, topicId, partition, segment, rowId(window, startMs, key)].join('|');
  return {
    ...store,
    writeFragments: async (partition, segment, rows) => {
      await Promise.all(
        rows.map(async (row) => {
          await store.writeFragments(partition, segment, [row]);
          latest.set(id(partition, segment, row), row);
        }),
      );
    },
    readSegment: async (partition, segment) =>
      (await store.readSegment(partition, segment)).map((row) => latest.get(id(partition, segment, row)) ?? row),
    scan: async function* (partition, segment, ...of) {
      for await (const row of store.scan(partition, segment, ...of))
        yield latest.get(id(partition, segment, row)) ?? row;
    },
  };
}
