import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '@bifold/adapters/duckdb';
import {
  memoryArchive,
  memoryBucket,
  memoryDatabase,
  memoryLog,
  memoryPublications,
  memoryViews,
} from '@bifold/adapters/memory';
import {
  type Answer,
  type BatchRow,
  type BatchStore,
  canonicalJson,
  type FoldedRow,
  foldOf,
  interpret,
  isAssembledFromPanes,
  type LogRecord,
  positionOfRow,
  type ResolveLookup,
  replayAnswer,
  rowAlgebrasOf,
  rowId,
  segmentOf,
  segmentStart,
  type ViewQuery,
  type WindowPlan,
} from '@bifold/core/engine';
import { archiveLog, coldState, executeQuery, foldDelivery, publishedView, recompute } from '@bifold/engine';
import { choices as choicesOf } from '../numbers.ts';
import { LOOKUP_VERSIONS, pipelineOf, type RandomCase, TABLES } from './random-pipelines.ts';

/** The compared figures. */
export interface Compared {
  readonly rows: number;
  readonly generations: number;
  readonly poison: number;
}

const TOPIC_ID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

/**
 * Differential: the bodies of the functions, over memory in place of Kafka, Cassandra and S3 but
 * over DuckDB itself, and the memory interpreter. Speed alone, batch and speed merged, and batch
 * alone must give what the plain fold gives, to the last bit.
 * @throws {Error} that says what differs
 */
export async function runRandomPipeline(random: RandomCase): Promise<Compared> {
  const scratch = await mkdtemp(join(tmpdir(), 'bifold-random-'));
  try {
    return await new Differential(random, scratch).run();
  } finally {
    await rm(scratch, { recursive: true });
  }
}

class Differential {
  private readonly pipeline;
  private readonly fold;
  private readonly log;
  private readonly records: readonly (readonly LogRecord[])[];
  private readonly choose;
  private readonly database = memoryDatabase();
  private readonly bucket = memoryBucket();
  private readonly scope;
  private readonly scratch: string;
  private readonly counts = { rows: 0, generations: 0, poison: 0 };

  constructor(random: RandomCase, scratch: string) {
    this.scratch = scratch;
    this.pipeline = pipelineOf(random.choices);
    this.fold = foldOf(this.pipeline);
    this.scope = { version: this.pipeline.plan.version, topicId: TOPIC_ID };
    this.choose = choicesOf(random.seed);
    this.log = memoryLog(TOPIC_ID, random.log.length);
    this.records = random.log.map((slots, partition) =>
      slots.flatMap((slot) => {
        const text = slot === null ? undefined : random.values[slot];
        const value = typeof text === 'string' ? Buffer.from(text) : null;
        const offset = this.log.append(partition, text === undefined ? 'hole' : { value });
        return text === undefined ? [] : [{ partition, offset, timestampMs: 0, key: null, value, headers: [] }];
      }),
    );
  }

  async run(): Promise<Compared> {
    await this.loadLookups(0);
    const positions = this.records.map(() => 0);
    let warm = coldState();
    const { store } = this.stores();
    let isReloaded = false;
    for (;;) {
      const waiting = this.records.flatMap((records, partition) =>
        (positions[partition] as number) < records.length ? [partition] : [],
      );
      if (waiting.length === 0) break;
      const partition = waiting[this.choose(waiting.length)] as number;
      const records = this.records[partition] as readonly LogRecord[];
      // Some batches are repeated from an earlier offset, and some go to a process without a cache.
      const next = positions[partition] as number;
      const from = this.choose(4) === 0 ? this.choose(next + 1) : next;
      const to = Math.min(records.length, from + 1 + this.choose(9));
      if (this.choose(3) === 0) warm = coldState();
      const delivery = new Map([[partition, records.slice(from, to)]]);
      await foldDelivery(this.fold, delivery, this.speedPorts(), warm);
      positions[partition] = Math.max(next, to);
      if (!isReloaded && this.choose(8) === 0) {
        isReloaded = true;
        await this.loadLookups(1);
      }
      if (this.choose(14) === 0) await this.runBatch();
      if (this.choose(14) === 0) await this.check(store, this.batch());
    }
    await this.check(store, this.batch());
    await this.runBatch();
    await this.check(store, this.batch());
    // The batch layer alone: a speed layer that has seen nothing.
    await this.check(memoryDatabase().speedStore(this.scope, this.pipeline.plan.storage), this.batch());
    await this.checkCells();
    return this.counts;
  }

  private stores() {
    const { database, scope } = this;
    return {
      store: database.speedStore(scope, this.pipeline.plan.storage),
      operatorState: database.operatorStateStore(scope),
      bindings: database.bindingStore(scope),
      published: { check: async () => undefined },
      lookups: database.lookupStore(),
    };
  }

  private speedPorts() {
    return { ...this.stores(), batch: this.batch(), log: this.log, topicId: TOPIC_ID };
  }

  private batch(): BatchStore {
    return this.database.batchStore(this.scope, this.pipeline.plan.storage);
  }

  private async loadLookups(version: number): Promise<void> {
    for (const name of Object.values(TABLES)) {
      const rows = LOOKUP_VERSIONS[version]?.[name] ?? new Map();
      await this.database.lookupStore().load(name, `v${version}`, rows);
    }
  }

  /** Archives what the log has, and computes a generation over it. */
  private async runBatch(): Promise<void> {
    const archive = memoryArchive(this.bucket, this.scope);
    const engine = await openEngine({ threads: 1 });
    await archiveLog(this.pipeline, {
      archive,
      engine,
      log: this.log,
      topicId: TOPIC_ID,
      hasTime: () => true,
      scratchFolder: this.scratch,
    });
    await engine.close();
    let id = 0;
    const done = await recompute(
      this.pipeline,
      {
        archive,
        batch: this.batch(),
        ...this.stores(),
        speed: this.stores().store,
        views: memoryViews(this.bucket, this.scope),
        publications: memoryPublications(this.bucket, this.scope),
        openEngine: () => openEngine({ threads: 1 }),
        clock: () => 0,
        newId: () => `run-${this.counts.generations}-${id++}`,
        scratchFolder: this.scratch,
      },
      false,
    );
    if (done.published) this.counts.generations++;
  }

  /** Every window, and some totals and ranges of them, of an answer from these stores. */
  private async check(store: ReturnType<Differential['stores']>['store'], batch: BatchStore): Promise<void> {
    for (const window of this.pipeline.plan.windows) {
      await this.checkAnswer(window, { fromMs: null, toMs: null, total: false }, store, batch);
      const fromMs = this.choose(3) === 0 ? null : this.choose(120) - 60;
      const toMs = this.choose(3) === 0 ? null : (fromMs ?? 0) + this.choose(90);
      const range = window.kind === 'running' ? { fromMs: null, toMs: null } : { fromMs, toMs };
      await this.checkAnswer(window, { ...range, total: this.choose(2) === 0 }, store, batch);
    }
  }

  private async checkAnswer(
    window: WindowPlan,
    range: Pick<ViewQuery, 'fromMs' | 'toMs' | 'total'>,
    store: ReturnType<Differential['stores']>['store'],
    batch: BatchStore,
  ): Promise<void> {
    const { plan } = this.pipeline;
    const query: ViewQuery = {
      window: window.name,
      keys: null,
      ...range,
      snapshot: false,
      parts: true,
      limit: 100_000,
      cursor: null,
    };
    const { bindings, operatorState } = this.stores();
    // Also query stores with a single layer: nothing was lost there.
    const published = publishedView(plan, {
      publications: { newest: async () => null },
      archive: { partitions: async () => [] },
      batch,
    });
    const answer = await executeQuery(plan, this.scope, query, {
      store,
      batch,
      bindings,
      operatorState,
      published,
    });
    const lookups = await this.boundLookups();
    const { coverage } = answer.receipt;
    const log = this.records.flat();
    const total = range.total ? { window: window.name, fromMs: range.fromMs, toMs: range.toMs } : null;
    const folded = await interpret(this.pipeline, log, coverage, lookups, null, total);
    const isAsked = (row: FoldedRow): boolean =>
      range.total ||
      (row.window === window.name &&
        (range.fromMs === null || row.startMs >= range.fromMs) &&
        (range.toMs === null || row.startMs < range.toMs));
    const { view } = rowAlgebrasOf(plan);
    const wanted = new Map(
      [...folded.rows]
        .filter(([, row]) => isAsked(row))
        .map(([id, row]) => [id, canonicalJson(view.present(row.states))]),
    );
    const given = new Map(
      answer.rows.map((row) => {
        const { key, startMs } = positionOfRow(plan, row);
        return [range.total ? key : rowId(window.name, startMs, key), canonicalJson(row.values)] as const;
      }),
    );
    if (given.size !== answer.rows.length) throw new Error(`${describe(query)}: a row comes twice`);
    for (const id of new Set([...wanted.keys(), ...given.keys()])) {
      if (wanted.get(id) !== given.get(id))
        throw new Error(
          `${describe(query)}, row ${id} over ${JSON.stringify(coverage)}: the plain fold has ${wanted.get(id)}, the answer ${given.get(id)}`,
        );
    }
    this.counts.rows += given.size;
    const quarantined = Object.values(folded.quarantined).reduce((sum, records) => sum + records, 0);
    if (canonicalJson(folded.quarantined) !== canonicalJson(answer.receipt.quarantined.reasons))
      throw new Error(
        `quarantined are ${canonicalJson(answer.receipt.quarantined.reasons)}, by the plain fold ${canonicalJson(folded.quarantined)}`,
      );
    this.counts.poison += quarantined;
    await this.checkAsOf(query, answer, log, lookups);
  }

  /** The same answer again, from its receipt: to the byte. */
  private async checkAsOf(
    query: ViewQuery,
    { receipt, rows }: Answer,
    log: readonly LogRecord[],
    lookups: (partition: number, offset: number) => ResolveLookup,
  ): Promise<void> {
    const again = await replayAnswer(this.pipeline, { query, receipt, rows: [] }, log, lookups);
    if (JSON.stringify(again.rows) !== JSON.stringify(rows) || again.receipt.digest !== receipt.digest)
      throw new Error(
        `${describe(query)}, asked again: ${JSON.stringify(again.rows)}, at first ${JSON.stringify(rows)}`,
      );
  }

  /**
   * The batch layer's stored states of the windows that are stored as they are shown: the bytes of
   * the plain fold's states.
   */
  private async checkCells(): Promise<void> {
    const { plan } = this.pipeline;
    const pointer = await this.batch().readPointer('serial');
    if (pointer.current === null) return;
    const { run, cuts } = pointer.current;
    const coverage = Object.fromEntries(
      Object.entries(cuts).map(([partition, cut]) => [
        partition,
        [[0, segmentStart(cut, plan.storage.segmentSize)] as const],
      ]),
    );
    const folded = await interpret(this.pipeline, this.records.flat(), coverage, await this.boundLookups());
    const { view } = rowAlgebrasOf(plan);
    for (const window of plan.windows.filter((each) => !isAssembledFromPanes(each))) {
      const stored = new Map<string, string>();
      for (let bucket = 0; bucket < plan.storage.buckets; bucket++) {
        const all = { keys: null, window: window.name, fromMs: null, toMs: null };
        for await (const row of this.batch().scan(run, bucket, all, null) as AsyncIterable<BatchRow>)
          stored.set(rowId(window.name, row.startMs, row.key), Buffer.from(row.cell).toString('hex'));
      }
      const wanted = new Map(
        [...folded.rows]
          .filter(([, row]) => row.window === window.name)
          .map(([id, { states }]) => [id, view.encode(states).toString('hex')]),
      );
      for (const id of new Set([...wanted.keys(), ...stored.keys()]))
        if (wanted.get(id) !== stored.get(id))
          throw new Error(
            `the stored states of ${id} are ${stored.get(id)}, those of the plain fold ${wanted.get(id)}`,
          );
    }
  }

  private async boundLookups(): Promise<(partition: number, offset: number) => ResolveLookup> {
    const { plan } = this.pipeline;
    const bound = await Promise.all(
      this.records.map((_, partition) => this.stores().bindings.list(partition, 0, null)),
    );
    return (partition, offset) => (position, key) => {
      const { name, table } = plan.lookups[position] as (typeof plan.lookups)[number];
      const version = bound[partition]?.get(segmentOf(offset, plan.storage.segmentSize))?.get(name);
      return version === undefined ? null : (LOOKUP_VERSIONS[Number(version.slice(1))]?.[table]?.get(key) ?? null);
    };
  }
}

function describe({ window, fromMs, toMs, total }: ViewQuery): string {
  return `${total ? 'the total of ' : ''}${window} from ${fromMs} to ${toMs}`;
}
