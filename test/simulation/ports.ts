import type { MemoryDatabase, MemoryLog } from '@bifold/adapters/memory';
import type { ModelPointers } from '@bifold/adapters/model';
import {
  type AliasStore,
  type ArchivedBinding,
  type BatchStore,
  type Binding,
  type BindingArchive,
  type BindingStore,
  comparePositions,
  type FragmentRow,
  type Log,
  type LogWriter,
  type LookupStore,
  type ModelRegistry,
  type OperatorStateStore,
  type PlanStore,
  type Pointer,
  type PublicationStore,
  type QuarantineEntry,
  type RelayedRecord,
  type RowPosition,
  rowId,
  type Scope,
  type SegmentSize,
  type SpeedStore,
  type StateEntry,
  type StoragePlan,
  type SweepLedger,
  segmentStart,
  type TableColumn,
  type ViewName,
} from '@bifold/core/engine';
import { fileOf, type LocalFiles } from './engine.ts';
import type { Actor, Scheduler } from './scheduler.ts';

/**
 * What an actor sees when no answer came: the call may have had its effect, or may have it later,
 * or never.
 */
export class NoAnswer extends Error {}

interface StoredObject {
  readonly columns: readonly TableColumn[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The world behind the ports. */
export interface Stage {
  readonly scheduler: Scheduler;
  /** One, or three that answer by quorum. */
  readonly replicas: readonly MemoryDatabase[];
  readonly objects: Map<string, StoredObject>;
  readonly files: LocalFiles;
  /** What the archive records as published, by scope and generation. */
  readonly publications: Map<string, Map<number, Pointer>>;
  /** Bindings in the archive, by scope. */
  readonly bindings: Map<string, Map<string, ArchivedBinding>>;
  readonly log: MemoryLog;
  /** `model.json` of each version, by name and version; pointers beside them. */
  readonly models: { readonly files: Map<string, Uint8Array>; readonly pointers: ModelPointers };
  /** How likely a call is left without an answer, now. */
  readonly timeouts: () => number;
  /** Too few replicas are alive for a plain write, now: it is refused, and applies nowhere. */
  readonly isUnavailable: () => boolean;
  readonly readRepair: boolean;
  /** Of all that is deployed in the run. */
  readonly segmentSize: SegmentSize;
}

type Apply = (database: MemoryDatabase) => Promise<unknown>;

const QUORUM = 2;

/** A plain write: acknowledged by a quorum; the other replicas get it later. */
async function mutate(stage: Stage, actor: Actor, label: string, apply: Apply): Promise<void> {
  const { scheduler, replicas } = stage;
  const { random } = actor;
  await scheduler.turn(actor, label);
  if (stage.isUnavailable()) {
    scheduler.say(`  refused: ${label}`);
    throw new NoAnswer(label);
  }
  if (random.chance(stage.timeouts())) {
    scheduler.say(`  no answer to: ${label}`);
    for (const replica of replicas) {
      if (random.chance(0.25)) await apply(replica);
      else if (random.chance(0.5)) scheduler.sendLate(actor, label, () => apply(replica));
    }
    throw new NoAnswer(label);
  }
  const order = random.shuffled(replicas);
  for (const [index, replica] of order.entries()) {
    if (index < QUORUM) {
      if (index > 0) await scheduler.turn(actor, `${label}, second replica`);
      await apply(replica);
    } else scheduler.sendLate(actor, label, () => apply(replica));
  }
}

/**
 * A read by quorum. `merge` reconciles what two replicas have; `repair` writes it back to both
 * before the reader is told (read_repair = BLOCKING).
 */
async function read<T>(
  stage: Stage,
  actor: Actor,
  label: string,
  ask: (database: MemoryDatabase) => Promise<T>,
  merge: (left: T, right: T) => T,
  repair: (database: MemoryDatabase, merged: T) => Promise<unknown>,
): Promise<T> {
  const { scheduler, replicas } = stage;
  const { random } = actor;
  await scheduler.turn(actor, label);
  if (random.chance(stage.timeouts() / 4)) throw new NoAnswer(label);
  const [first, second] = random.shuffled(replicas) as [MemoryDatabase, MemoryDatabase | undefined];
  const one = await ask(first);
  if (!second) return one;
  await scheduler.turn(actor, `${label}, second replica`);
  const merged = merge(one, await ask(second));
  if (stage.readRepair) {
    await repair(first, merged);
    await repair(second, merged);
  }
  return merged;
}

/**
 * A call to something that is one of its kind: the broker, the bucket, a row that is written by
 * compare-and-set.
 */
async function call<T>(
  stage: Stage,
  actor: Actor,
  label: string,
  effect: () => Promise<T>,
  writes: boolean,
): Promise<T> {
  const { scheduler } = stage;
  const { random } = actor;
  await scheduler.turn(actor, label);
  if (random.chance(stage.timeouts() / (writes ? 1 : 4))) {
    scheduler.say(`  no answer to: ${label}`);
    if (writes) {
      if (random.chance(0.4)) await effect();
      else if (random.chance(0.5)) scheduler.sendLate(actor, label, effect);
    }
    throw new NoAnswer(label);
  }
  return effect();
}

const largest = (left: ReadonlyMap<number, number>, right: ReadonlyMap<number, number>): Map<number, number> => {
  const merged = new Map(left);
  for (const [segment, next] of right) merged.set(segment, Math.max(next, merged.get(segment) ?? 0));
  return new Map([...merged].sort(([one], [other]) => one - other));
};

const union =
  <T>(idOf: (item: T) => string) =>
  (left: readonly T[], right: readonly T[]): readonly T[] => [
    ...new Map([...left, ...right].map((item) => [idOf(item), item])).values(),
  ];
const positionId = ({ window, startMs, key }: RowPosition): string => rowId(window, startMs, key);

function newest<Row extends RowPosition>(left: readonly Row[], right: readonly Row[]): readonly Row[] {
  const rows = new Map(left.map((row) => [positionId(row), row]));
  for (const row of right) {
    const known = rows.get(positionId(row));
    const lastOffset = (each: Row): number => (each as unknown as FragmentRow).lastOffset ?? 0;
    if (known === undefined || lastOffset(known) < lastOffset(row)) rows.set(positionId(row), row);
  }
  return [...rows.values()].sort(comparePositions);
}

/** Rows in pages of a few, each read by itself: what moves between two pages is seen. */
async function* paged<Row extends RowPosition>(
  actor: Actor,
  after: RowPosition | null,
  page: (after: RowPosition | null, rows: number) => Promise<readonly Row[]>,
): AsyncGenerator<Row> {
  for (let position = after; ; ) {
    const size = 1 + actor.random.below(4);
    const rows = (await page(position, size)).slice(0, size);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < size) return;
    position = last;
  }
}

async function first<T>(source: AsyncIterable<T>, limit: number): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of source) if (items.push(item) === limit) break;
  return items;
}

export function speedStore(stage: Stage, actor: Actor, scope: Scope, storage: StoragePlan): SpeedStore {
  const of = (database: MemoryDatabase): SpeedStore => database.speedStore(scope, storage);
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
    readSegment: (partition, segment) =>
      read(
        stage,
        actor,
        `fragments of p${partition} s${segment}`,
        (db) => of(db).readSegment(partition, segment),
        newest,
        (db, merged) => of(db).writeFragments(partition, segment, merged),
      ),
    // Rows are mutations of their own: any of them may be missing when the others are there.
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
    deleteFragmentsBelow: (partition, fromSegment, belowSegment) =>
      mutate(stage, actor, `delete fragments p${partition} s[${fromSegment}, ${belowSegment})`, (db) =>
        of(db).deleteFragmentsBelow(partition, fromSegment, belowSegment),
      ),
  };
}

export function batchStore(stage: Stage, actor: Actor, scope: Scope, storage: StoragePlan): BatchStore {
  const of = (database: MemoryDatabase): BatchStore => database.batchStore(scope, storage);
  const conditional = of(stage.replicas[0] as MemoryDatabase);
  return {
    readPointer: (consistency) => call(stage, actor, 'pointer', () => conditional.readPointer(consistency), false),
    publish: (expected, next) =>
      call(
        stage,
        actor,
        `publish generation ${next.generation} ${next.current?.run} cuts ${JSON.stringify(next.current?.cuts)}`,
        () => conditional.publish(expected, next),
        true,
      ),
    restorePointer: (expected, restored) =>
      call(
        stage,
        actor,
        `restore generation ${restored.generation}`,
        () => conditional.restorePointer(expected, restored),
        true,
      ),
    registerRun: (entry) => mutate(stage, actor, `register ${entry.run}`, (db) => of(db).registerRun(entry)),
    listRuns: () =>
      read(
        stage,
        actor,
        'runs',
        (db) => of(db).listRuns(),
        union(({ run }) => run),
        async () => undefined,
      ),
    writeRows: async (entry, rows) => {
      await Promise.all(
        rows.map((row) =>
          mutate(stage, actor, `row of ${entry.run} ${positionId(row)}`, (db) => of(db).writeRows(entry, [row])),
        ),
      );
    },
    scan: (run, bucket, filter, after) =>
      paged(actor, after, (position, rows) =>
        read(
          stage,
          actor,
          `scan ${run} b${bucket}`,
          (db) => first(of(db).scan(run, bucket, filter, position), rows),
          newest,
          async () => undefined,
        ),
      ),
    deleteRun: (entry) => mutate(stage, actor, `delete ${entry.run}`, (db) => of(db).deleteRun(entry)),
  };
}

export function operatorStateStore(stage: Stage, actor: Actor, scope: Scope): OperatorStateStore {
  const of = (database: MemoryDatabase): OperatorStateStore => database.operatorStateStore(scope);
  return {
    read: async (partition, wanted) => {
      // Each id is read by itself: what is written between two of them is seen by one.
      const found: (readonly StateEntry[])[] = [];
      for (const one of wanted)
        found.push(
          await read(
            stage,
            actor,
            `operator state of ${one.id} in p${partition}`,
            (db) => of(db).read(partition, [one]),
            union<StateEntry>(({ timeMs, offset }) => `${timeMs} ${offset}`),
            (db, merged) => of(db).write(partition, merged),
          ),
        );
      return found.flat();
    },
    write: async (partition, operatorState) => {
      await Promise.all(
        operatorState.map((one) =>
          mutate(stage, actor, `state entry of ${one.id} in p${partition} at ${one.offset}`, (db) =>
            of(db).write(partition, [one]),
          ),
        ),
      );
    },
  };
}

function textOf(bindings: readonly Binding[]): string {
  return bindings.map(({ segment, version }) => `s${segment} ${version}`).join(', ');
}

export function bindingStore(stage: Stage, actor: Actor, scope: Scope): BindingStore {
  const bindings = (stage.replicas[0] as MemoryDatabase).bindingStore(scope);
  return {
    bind: (partition, wanted) =>
      call(stage, actor, `bind p${partition} ${textOf(wanted)}`, () => bindings.bind(partition, wanted), true),
    list: (partition, from, to) =>
      call(stage, actor, `bindings of p${partition}`, () => bindings.list(partition, from, to), false),
  };
}

export function publicationStore(stage: Stage, actor: Actor, scope: Scope): PublicationStore {
  const key = `${scope.version} ${scope.topicId}`;
  const own = stage.publications.get(key) ?? new Map<number, Pointer>();
  stage.publications.set(key, own);
  return {
    newest: () =>
      call(
        stage,
        actor,
        'newest publication',
        async () => own.get([...own.keys()].reduce((most, generation) => Math.max(most, generation), 0)) ?? null,
        false,
      ),
    record: (pointer) =>
      call(
        stage,
        actor,
        `record generation ${pointer.generation}`,
        async () => void (own.has(pointer.generation) || own.set(pointer.generation, pointer)),
        true,
      ),
  };
}

export function bindingArchive(stage: Stage, actor: Actor, scope: Scope): BindingArchive {
  const key = `${scope.version} ${scope.topicId}`;
  const own = stage.bindings.get(key) ?? new Map<string, ArchivedBinding>();
  stage.bindings.set(key, own);
  return {
    // An object each: a writer may fail between two of them.
    async bind(partition, wanted) {
      const stands: string[] = [];
      for (const binding of wanted) {
        const bind = async () => {
          const id = `${partition} ${binding.segment} ${binding.name}`;
          const bound = own.get(id) ?? { partition, ...binding };
          own.set(id, bound);
          return bound.version;
        };
        stands.push(await call(stage, actor, `archive binding p${partition} ${textOf([binding])}`, bind, true));
      }
      return stands;
    },
    all: () => call(stage, actor, 'archived bindings', async () => [...own.values()], false),
  };
}

export function aliasStore(stage: Stage, actor: Actor, view: ViewName): AliasStore {
  const aliases = (stage.replicas[0] as MemoryDatabase).aliasStore(view);
  return {
    read: () => call(stage, actor, 'alias', () => aliases.read(), false),
    move: (expected, next) =>
      call(
        stage,
        actor,
        `alias ${next.generation}: ${next.current}${next.next === null ? '' : `, next ${next.next}`}${next.sealed === null ? '' : `, sealed at ${JSON.stringify(next.sealed.coverage)}`}`,
        () => aliases.move(expected, next),
        true,
      ),
  };
}

export function planStore(stage: Stage, actor: Actor): PlanStore {
  return {
    read: (version) =>
      read(
        stage,
        actor,
        `plan of ${version}`,
        (db) => db.planStore().read(version),
        (left, right) => left ?? right,
        async (db, plan) => (plan === null ? undefined : db.planStore().write(plan)),
      ),
    write: (plan) => mutate(stage, actor, `plan of ${plan.version}`, (db) => db.planStore().write(plan)),
  };
}

export function sweepLedger(stage: Stage, actor: Actor, scope: Scope): SweepLedger {
  const of = (database: MemoryDatabase): SweepLedger => database.sweepLedger(scope);
  return {
    sweptBelow: (partition) =>
      read(
        stage,
        actor,
        'swept below',
        (db) => of(db).sweptBelow(partition),
        Math.max,
        async () => undefined,
      ),
    markSwept: (partition, below) =>
      mutate(stage, actor, `swept p${partition} below ${below}`, (db) => of(db).markSwept(partition, below)),
  };
}

export function lookupStore(stage: Stage, actor: Actor): LookupStore {
  const lookups = (stage.replicas[0] as MemoryDatabase).lookupStore();
  return {
    isWhole: (table, version) => call(stage, actor, `mark of ${version}`, () => lookups.isWhole(table, version), false),
    write: (table, version, rows) =>
      call(stage, actor, `write ${version}`, () => lookups.write(table, version, rows), true),
    currentVersion: (table) => call(stage, actor, 'current lookup version', () => lookups.currentVersion(table), false),
    rows: (table, version, keys) =>
      call(stage, actor, `lookup rows of ${version}`, () => lookups.rows(table, version, keys), false),
    async *allRows(table, version) {
      await stage.scheduler.turn(actor, `all lookup rows of ${version}`);
      yield* lookups.allRows(table, version);
    },
    load: (table, version, rows) =>
      call(stage, actor, `load ${version}`, () => lookups.load(table, version, rows), true),
  };
}

/** The registry; whoever promotes does so from outside. */
export function modelRegistry(stage: Stage, actor: Actor): ModelRegistry {
  const { files, pointers } = stage.models;
  return {
    names: async () => [],
    versions: async () => [],
    create: async () => false,
    read: (name, version, file) =>
      call(stage, actor, `${file} of ${version}`, async () => files.get(`${name} ${version}`) ?? null, false),
    readPointer: (name) => call(stage, actor, `pointer of model ${name}`, () => pointers.read(name), false),
    recordedPointer: async () => null,
    restorePointer: async () => false,
    movePointer: async () => false,
  };
}

export function log(stage: Stage, actor: Actor): Log {
  const { log: broker } = stage;
  return {
    topicId: () => call(stage, actor, 'topic id', () => broker.topicId(), false),
    partitions: () => call(stage, actor, 'partitions of the topic', () => broker.partitions(), false),
    bounds: (partition) => call(stage, actor, `bounds of p${partition}`, () => broker.bounds(partition), false),
    read: (partition, from, to) =>
      call(
        stage,
        actor,
        `read log p${partition} [${from}, ${to})`,
        () => broker.read(partition, from, to, actor.random.chance(0.5) ? 1 : 1_000),
        false,
      ),
    close: async () => undefined,
  };
}

/** What a relay writes with: each record may be there and its writer not told, or come later. */
export function logWriter(
  stage: Stage,
  actor: Actor,
  append: (record: RelayedRecord) => void,
): Pick<LogWriter, 'append'> {
  return {
    append: async (records) => {
      for (const record of records)
        await call(stage, actor, `append to p${record.partition}`, async () => append(record), true);
    },
  };
}

/**
 * A function that is invoked for later: Lambda takes the event, whether its sender is told so or
 * not, and may hand it over twice.
 */
export async function invocation(stage: Stage, actor: Actor, invoke: () => void): Promise<void> {
  await call(stage, actor, 'invoke the speed function', async () => invoke(), true);
}

type Metadata = Readonly<Record<string, string>>;

/**
 * A bucket of S3 whose objects are tables; a creation that is left without an answer says so, as
 * S3's adapter does.
 */
export function bucket(stage: Stage, actor: Actor) {
  const { objects, files, scheduler } = stage;
  const { random } = actor;
  const list = (prefix: string) => [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  const found = (key: string): StoredObject => {
    const object = objects.get(key);
    if (!object) throw new NoAnswer(`no object ${key}`);
    return object;
  };
  return {
    async create(key: string, localPath: string, metadata: Metadata) {
      await scheduler.turn(actor, `create ${key} up to ${metadata.end}${metadata.lost === 'true' ? ', lost' : ''}`);
      const columns = fileOf(files, localPath);
      const effect = async () => {
        if (objects.has(key)) return { kind: 'exists' as const };
        objects.set(key, { columns, metadata });
        return { kind: 'created' as const };
      };
      if (!random.chance(stage.timeouts())) return effect();
      scheduler.say(`  no answer to: create ${key}`);
      if (random.chance(0.4)) await effect();
      else if (random.chance(0.5)) scheduler.sendLate(actor, `create ${key}`, effect);
      return { kind: 'unknown' as const, error: new NoAnswer(`create ${key}`) as never };
    },
    async put(key: string, localPath: string, metadata: Metadata) {
      const columns = fileOf(files, localPath);
      await call(stage, actor, `put ${key}`, async () => void objects.set(key, { columns, metadata }), true);
    },
    head: (key: string) => call(stage, actor, `head ${key}`, async () => objects.get(key)?.metadata ?? null, false),
    download: (key: string, localPath: string) =>
      call(
        stage,
        actor,
        `get ${key}`,
        async () => {
          const { columns, metadata } = found(key);
          files.set(localPath, columns);
          return metadata;
        },
        false,
      ),
    list: (prefix: string) => call(stage, actor, `list ${prefix}`, async () => list(prefix), false),
    folders: (prefix: string) =>
      call(
        stage,
        actor,
        `folders of ${prefix}`,
        async () => [...new Set(list(prefix).map((key) => key.slice(prefix.length).split('/')[0] as string))],
        false,
      ),
    deleteAll: (prefix: string) =>
      call(
        stage,
        actor,
        `delete ${prefix}`,
        async () => {
          for (const key of list(prefix)) objects.delete(key);
        },
        true,
      ),
    close: () => undefined,
  };
}
