import { randomBytes } from 'node:crypto';
import { openEngine } from '@bifold/adapters/duckdb';
import {
  memoryArchive,
  memoryBucket,
  memoryCursorKeys,
  memoryDatabase,
  memoryLog,
  memoryPublications,
  memoryViews,
} from '@bifold/adapters/memory';
import type { Pipeline } from '@bifold/core';
import { type Answer, foldOf, type LogRecord, type Scope, type SpeedStore } from '@bifold/core/engine';
import {
  archiveLog,
  coldState,
  cursorSeal,
  executeQuery,
  foldDelivery,
  parseQuery,
  publishedView,
  type Recomputed,
  recompute,
  withSealedCursors,
} from '@bifold/engine';
import { respond } from '@bifold/functions/http';

const TOPIC_ID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';

/**
 * A pipeline as it is deployed: the bodies of its functions, with memory in place of Kafka,
 * Cassandra and S3.
 */
export class MemoryDeployment {
  readonly scope: Scope;
  /** Reads of a segment: one for the rows of an answer, one for its quarantine counts. */
  scans = 0;
  /** Reads of the progress of a partition. */
  progressReads = 0;
  /** Rows written to the speed table. */
  fragments = 0;
  /** The clock of the query function. */
  nowMs = 100 * 24 * 60 * 60 * 1000;
  readonly #pipeline: Pipeline;
  readonly #scratchFolder: string;
  readonly #log;
  readonly #database = memoryDatabase();
  readonly #bucket = memoryBucket();
  readonly #seal = cursorSeal({
    keys: memoryCursorKeys(),
    clock: () => this.nowMs,
    newKey: () => randomBytes(32),
  });
  #runs = 0;

  constructor(pipeline: Pipeline, partitions: number, scratchFolder: string) {
    this.#pipeline = pipeline;
    this.#scratchFolder = scratchFolder;
    this.#log = memoryLog(TOPIC_ID, partitions);
    this.scope = { version: pipeline.plan.version, topicId: TOPIC_ID };
  }

  /** Sends values, and lets the speed layer fold them in batches of this size. */
  async produce(partition: number, values: readonly unknown[], batchSize: number): Promise<void> {
    const records = values.map((value): LogRecord => {
      const bytes = Buffer.from(JSON.stringify(value));
      const offset = this.#log.append(partition, { value: bytes });
      return { partition, offset, timestampMs: 0, key: null, value: bytes, headers: [] };
    });
    const fold = foldOf(this.#pipeline);
    const warm = coldState();
    for (let from = 0; from < records.length; from += batchSize)
      await foldDelivery(fold, new Map([[partition, records.slice(from, from + batchSize)]]), this.#ports(), warm);
  }

  /** Archives what the log has, and publishes a generation if a segment is complete. */
  async recompute(): Promise<Recomputed> {
    const ports = this.#ports();
    const engine = await openEngine({ threads: 1 });
    await archiveLog(this.#pipeline, { ...ports, engine });
    await engine.close();
    return recompute(this.#pipeline, ports, false);
  }

  /** Asks with the parameters of a request. */
  async ask(parameters: Readonly<Record<string, unknown>>): Promise<Answer> {
    const { plan } = this.#pipeline;
    this.scans = 0;
    this.progressReads = 0;
    return executeQuery(plan, this.scope, parseQuery(plan, parameters), this.#ports());
  }

  /** Answers a request as the query function does behind its API. */
  request(event: { readonly body: string }) {
    const { plan } = this.#pipeline;
    const answer = (parameters: Readonly<Record<string, unknown>>) =>
      withSealedCursors(
        async () => this.#seal,
        parameters,
        (opened) => executeQuery(plan, this.scope, parseQuery(plan, opened), this.#ports()),
      );
    return respond(plan.name, event as Parameters<typeof respond>[1], answer, (error) => {
      throw error;
    });
  }

  seal(cursor: string): Promise<string> {
    return this.#seal.seal(cursor);
  }

  #ports() {
    const { scope } = this;
    const { plan } = this.#pipeline;
    const speed = this.#database.speedStore(scope, plan.storage);
    const store: SpeedStore = {
      ...speed,
      writeFragments: (partition, segment, rows) => {
        this.fragments += rows.length;
        return speed.writeFragments(partition, segment, rows);
      },
      readProgress: (...of) => {
        this.progressReads++;
        return speed.readProgress(...of);
      },
      scan: (...of) => {
        this.scans++;
        return speed.scan(...of);
      },
    };
    const batch = this.#database.batchStore(scope, plan.storage);
    const archive = memoryArchive(this.#bucket, scope);
    const publications = memoryPublications(this.#bucket, scope);
    return {
      store,
      speed: store,
      batch,
      archive,
      publications,
      log: this.#log,
      topicId: TOPIC_ID,
      operatorState: this.#database.operatorStateStore(scope),
      bindings: this.#database.bindingStore(scope),
      lookups: this.#database.lookupStore(),
      views: memoryViews(this.#bucket, scope),
      published: publishedView(plan, { publications, archive, batch }),
      scratchFolder: this.#scratchFolder,
      clock: () => 0,
      newId: () => `run-${this.#runs++}`,
      openEngine: () => openEngine({ threads: 1 }),
      hasTime: () => true,
    };
  }
}
