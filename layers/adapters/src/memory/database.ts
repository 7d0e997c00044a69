import {
  type AliasStore,
  type BatchRow,
  type BatchStore,
  type Binding,
  type BindingStore,
  bucketOf,
  canonicalJson,
  comparePositions,
  compareUtf8,
  type FragmentRow,
  LOG_TIMESTAMP_BASE_US,
  type LookupStore,
  logTimestampUs,
  NOTHING_PUBLISHED,
  type OperatorStateStore,
  type PlanStore,
  type Pointer,
  type QuarantineEntry,
  type RowFilter,
  type RowPosition,
  type RunEntry,
  readPlan,
  type Scope,
  type SegmentSize,
  type SpeedStore,
  type StateEntry,
  type SweepLedger,
  segmentEnd,
  segmentStart,
  type Value,
  type ViewAlias,
  type ViewName,
} from '@bifold/core/engine';
import { lookupNotWhole } from '../lookup-versions.ts';
import { checkSuccessor, isSamePointer } from '../pointer.ts';
import { matches } from '../row-filter.ts';
import { bytesOf, CellTable, joinKey, utf8 } from './cell-table.ts';

/**
 * An in-memory Cassandra. All stores that it opens share its tables, as functions share a cluster.
 */
export interface MemoryDatabase {
  speedStore(scope: Scope, options: { readonly buckets: number; readonly segmentSize: SegmentSize }): SpeedStore;
  batchStore(scope: Scope, options: { readonly buckets: number }): BatchStore;
  operatorStateStore(scope: Scope): OperatorStateStore;
  bindingStore(scope: Scope): BindingStore;
  sweepLedger(scope: Scope): SweepLedger;
  lookupStore(): LookupStore;
  /** Empties every table at once, while stores are open. */
  clear(): void;
  aliasStore(view: ViewName): AliasStore;
  planStore(): PlanStore;
}

export function memoryDatabase(): MemoryDatabase {
  const fragments = new CellTable<FragmentRow>();
  const progress = new CellTable<readonly [segment: number, next: number]>();
  const partitions = new CellTable<number>();
  const quarantine = new CellTable<QuarantineEntry>();
  const batchRows = new CellTable<BatchRow>();
  const runs = new CellTable<RunEntry>();
  const sweeps = new CellTable<number>();
  const operatorState = new CellTable<StateEntry>();
  const pointers = new Map<string, Pointer>();
  const bindings = new Map<string, Map<string, Binding>>();
  const lookups = new Map<string, Map<string, Readonly<Record<string, Value>>>>();
  const versions = new Map<string, string>();
  const aliases = new Map<string, ViewAlias>();
  const plans = new Map<string, string>();

  const tables = [
    fragments,
    progress,
    partitions,
    quarantine,
    batchRows,
    runs,
    sweeps,
    operatorState,
    pointers,
    bindings,
    lookups,
    versions,
    aliases,
    plans,
  ];
  return {
    clear() {
      for (const table of tables) table.clear();
    },

    speedStore({ version, topicId }, { buckets, segmentSize }) {
      const key = (...columns: readonly number[]) => joinKey(version, topicId, ...columns);
      const progressOf = (partition: number) => progress.rows(key(partition)).sort(([left], [right]) => left - right);
      return {
        partitions: async () => partitions.rows(key()).sort((left, right) => left - right),

        async registerPartition(partition) {
          partitions.write(key(), joinKey(partition), LOG_TIMESTAMP_BASE_US, utf8(''), partition);
        },

        readProgress: async (partition, from, to) =>
          new Map(progressOf(partition).filter(([segment]) => segment >= from && (to === null || segment < to))),

        async writeProgress(partition, segment, next) {
          progress.write(key(partition), joinKey(segment), logTimestampUs(next), bytesOf(next), [segment, next]);
        },

        async closeSegment(partition, segment) {
          const [start, end] = [segmentStart(segment, segmentSize), segmentEnd(segment, segmentSize)];
          progress.write(key(partition), joinKey(segment), logTimestampUs(end + 1), bytesOf(start), [segment, start]);
        },

        async readSegment(partition, segment) {
          const all = Array.from({ length: buckets }, (_, bucket) => fragments.rows(key(bucket, partition, segment)));
          return all.flat();
        },

        async writeFragments(partition, segment, rows) {
          for (const row of rows) {
            const bucket = bucketOf(row.key, buckets);
            const copy = { ...row, cell: row.cell.slice() };
            fragments.write(
              key(bucket, partition, segment),
              joinKey(row.key, row.window, row.startMs),
              logTimestampUs(row.lastOffset),
              copy.cell,
              copy,
            );
          }
        },

        scan: (partition, segment, bucket, filter, after) =>
          slice(fragments.rows(key(bucket, partition, segment)), filter, after),

        async writeQuarantine(entries) {
          for (const entry of entries) {
            quarantine.write(
              key(entry.partition),
              joinKey(entry.offset),
              logTimestampUs(entry.offset),
              utf8(`${entry.reason}\n${entry.detail}`),
              entry,
            );
          }
        },

        listQuarantine: async (partition, fromSegment, limit) =>
          quarantine
            .rows(key(partition))
            .filter(({ segment }) => segment >= fromSegment)
            .sort((left, right) => left.offset - right.offset)
            .slice(0, limit),

        async deleteFragmentsBelow(partition, fromSegment, belowSegment) {
          for (let segment = fromSegment; segment < belowSegment; segment++) {
            const timestamp = logTimestampUs(segmentEnd(segment, segmentSize) - 1);
            for (let bucket = 0; bucket < buckets; bucket++) {
              fragments.delete(key(bucket, partition, segment), timestamp);
            }
          }
        },
      };
    },

    batchStore({ version, topicId }, { buckets }) {
      const scoped = joinKey(version, topicId);
      const key = (run: string, bucket: number) => joinKey(version, topicId, run, bucket);
      const timestampOf = (generation: number) => LOG_TIMESTAMP_BASE_US + BigInt(generation);
      const pointer = () => pointers.get(scoped) ?? NOTHING_PUBLISHED;
      return {
        readPointer: async () => pointer(),

        async publish(expected, next) {
          checkSuccessor(expected, next);
          if (!isSamePointer(pointer(), expected)) return false;
          pointers.set(scoped, structuredClone(next));
          return true;
        },

        async restorePointer(expected, restored) {
          if (!isSamePointer(pointer(), expected)) return false;
          pointers.set(scoped, structuredClone(restored));
          return true;
        },

        async registerRun(entry) {
          runs.write(scoped, joinKey(entry.generation, entry.run), timestampOf(entry.generation), utf8(''), entry);
        },

        listRuns: async () =>
          runs
            .rows(scoped)
            .sort((left, right) => left.generation - right.generation || compareUtf8(left.run, right.run)),

        async writeRows({ run, generation }, rows) {
          for (const row of rows) {
            const copy = { ...row, cell: row.cell.slice() };
            batchRows.write(
              key(run, bucketOf(row.key, buckets)),
              joinKey(row.key, row.window, row.startMs),
              timestampOf(generation),
              copy.cell,
              copy,
            );
          }
        },

        scan: (run, bucket, filter, after) => slice(batchRows.rows(key(run, bucket)), filter, after),

        async deleteRun({ run, generation }) {
          for (let bucket = 0; bucket < buckets; bucket++) batchRows.delete(key(run, bucket), timestampOf(generation));
          runs.deleteRow(scoped, joinKey(generation, run), timestampOf(generation));
        },
      };
    },

    operatorStateStore({ version, topicId }) {
      const key = (partition: number, id: string) => joinKey(version, topicId, partition, id);
      return {
        read: async (partition, wanted) =>
          wanted.flatMap(({ id, fromMs, toMs }) =>
            operatorState.rows(key(partition, id)).filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs),
          ),

        async write(partition, some) {
          for (const one of some) {
            const row = joinKey(one.timeMs, one.offset);
            operatorState.write(key(partition, one.id), row, logTimestampUs(one.offset), utf8(''), one);
          }
        },
      };
    },

    bindingStore({ version: view, topicId }) {
      const of = (partition: number) => {
        const key = joinKey(view, topicId, partition);
        const found = bindings.get(key) ?? new Map<string, Binding>();
        bindings.set(key, found);
        return found;
      };
      return {
        bind: async (partition, wanted) =>
          wanted.map((binding) => {
            const key = joinKey(binding.segment, binding.name);
            const stored = of(partition).get(key) ?? binding;
            of(partition).set(key, stored);
            return stored.version;
          }),

        async list(partition, from, to) {
          const found = new Map<number, Map<string, string>>();
          const bound = [...of(partition).values()].sort((left, right) => left.segment - right.segment);
          for (const { segment, name, version } of bound) {
            if (segment < from || (to !== null && segment >= to)) continue;
            const names = found.get(segment) ?? new Map<string, string>();
            found.set(segment, names.set(name, version));
          }
          return found;
        },
      };
    },

    sweepLedger({ version, topicId }) {
      const key = (partition: number) => joinKey(version, topicId, partition);
      return {
        sweptBelow: async (partition) => sweeps.rows(key(partition))[0] ?? 0,
        async markSwept(partition, below) {
          sweeps.write(key(partition), 'below', logTimestampUs(below), bytesOf(below), below);
        },
      };
    },

    lookupStore: () => {
      const whole = (table: string, version: string) => {
        const found = lookups.get(joinKey(table, version));
        if (found === undefined) throw lookupNotWhole(table, version);
        return found;
      };
      const write = async (
        table: string,
        version: string,
        rows: ReadonlyMap<string, Readonly<Record<string, Value>>>,
      ) => {
        const copied = [...rows].map(([key, row]) => [key, JSON.parse(canonicalJson(row))] as const);
        lookups.set(joinKey(table, version), new Map(copied));
      };
      return {
        currentVersion: async (table) => versions.get(table) ?? null,
        isWhole: async (table, version) => lookups.has(joinKey(table, version)),

        async rows(table, version, keys) {
          const all = whole(table, version);
          return new Map(
            keys.flatMap((key) => {
              const row = all.get(key);
              return row === undefined ? [] : [[key, row] as const];
            }),
          );
        },

        async *allRows(table, version) {
          yield* whole(table, version);
        },

        write,

        async load(table, version, rows) {
          await write(table, version, rows);
          versions.set(table, version);
        },
      };
    },

    aliasStore({ pipeline, topicId }) {
      const key = joinKey(pipeline, topicId);
      return {
        read: async () => aliases.get(key) ?? null,
        async move(expected, next) {
          if (aliases.get(key)?.generation !== expected?.generation) return false;
          aliases.set(key, structuredClone(next));
          return true;
        },
      };
    },

    planStore: () => ({
      async read(version) {
        const text = plans.get(version);
        return text === undefined ? null : readPlan(version, text);
      },
      async write(plan) {
        plans.set(plan.version, canonicalJson(plan));
      },
    }),
  };
}

async function* slice<R extends RowPosition>(
  rows: readonly R[],
  filter: RowFilter,
  after: RowPosition | null,
): AsyncGenerator<R> {
  const keys = filter.keys === null ? null : new Set(filter.keys);
  yield* rows
    .filter((row) => (keys === null || keys.has(row.key)) && matches(row, filter))
    .filter((row) => after === null || comparePositions(row, after) > 0)
    .sort(comparePositions);
}
