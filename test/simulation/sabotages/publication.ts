import { type BatchStore, type Pointer, segmentEnd, segmentOf } from '@bifold/core/engine';
import type { Sabotage } from './sabotage.ts';

/** Rules 8 and 9: how runs are published, read and swept. */
export const PUBLICATION_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'publish-without-compare',
    rule: 8,
    breaks: 'the pointer is set, whoever moved it meanwhile',
    batch: (store) => ({
      ...store,
      publish: async (_, next) => {
        const stored = await store.readPointer('serial');
        return store.publish(stored, { ...next, generation: stored.generation + 1 });
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
    name: 'emptied-database-answered',
    rule: 8,
    breaks: 'answers are given from a database that lost what was published',
    publications: (store, role) => (role === 'query' ? { ...store, newest: async () => null } : store),
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
];

function sweeperSees(store: BatchStore, role: string, seen: (pointer: Pointer) => Pointer): BatchStore {
  if (role !== 'sweep') return store;
  return { ...store, readPointer: async (consistency) => seen(await store.readPointer(consistency)) };
}
