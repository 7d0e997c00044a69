import type { MemoryDatabase } from '@bifold/adapters/memory';
import { type OperatorStateStore, type StateEntry, segmentEnd } from '@bifold/core/engine';
import type { Sabotage } from './sabotage.ts';

/** Rules 10 and 11: stateful operators, relays, joins and sessions. */
export const OPERATOR_SABOTAGES: readonly Sabotage[] = [
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
];
