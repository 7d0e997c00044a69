import {
  type MemoryDatabase,
  memoryArchive,
  memoryDatabase,
  memoryLog,
  memoryModelPointers,
  memoryViews,
} from '@bifold/adapters/memory';
import {
  type Answer,
  answerAsOf,
  BifoldError,
  batchRanges,
  type Coverage,
  EarlierRecords,
  type Fold,
  foldOf,
  interpret,
  type LogRecord,
  looksBack,
  offsetsOf,
  originHeader,
  originText,
  type Pipeline,
  promoted,
  type Question,
  type Receipt,
  type ResolveLookup,
  readFor,
  resultCell,
  resultTypeOf,
  rolledBack,
  rowAlgebrasOf,
  type Scope,
  type Slots,
  type Source,
  slotIndex,
  type Value,
  withModels,
} from '@bifold/core';
import {
  answerQuestion,
  archiveLog,
  coldState,
  type FoldedPartition,
  foldDelivery,
  foldUpTo,
  keptRecords,
  locateKept,
  placementsOf,
  questionOf,
  type Resumption,
  recompute,
  relayDelivery,
  resumptionOf,
  type SpeedPorts,
  sweep,
  type WarmState,
} from '@bifold/functions/bodies';
import { type DrawnModel, fileOf, numberOf } from '../laws/models.ts';
import { foldingEngine } from './engine.ts';
import { FinalRows } from './finality.ts';
import type { History } from './history.ts';
import { NEMESES, type Nemesis } from './nemeses.ts';
import { differenceOf, uncovered } from './oracle.ts';
import {
  CITIES,
  FAMILIES,
  fareModel,
  lookupRows,
  MODEL,
  SEGMENT_SIZE,
  sourceValue,
  TABLE,
  tripValue,
} from './pipelines.ts';
import * as ports from './ports.ts';
import { pickByName, type Random, randomOf } from './random.ts';
import type { Role, Sabotage } from './sabotage.ts';
import { type Actor, Scheduler } from './scheduler.ts';

export interface SimulationOptions {
  /** Nemeses that stay away, whatever the seed says. */
  readonly without?: ReadonlySet<Nemesis>;
  /** Of all events that the seed draws, these alone happen. */
  readonly only?: ReadonlySet<string> | null;
  readonly sabotage?: Sabotage | null;
  readonly trace?: ((line: string) => void) | null;
}

export interface Outcome {
  readonly seed: number;
  readonly failure: string | null;
  readonly steps: number;
  readonly nemeses: readonly Nemesis[];
  /** What the world did, in order, each as `round.kind`. */
  readonly events: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** An answer that somebody kept: it can be given again when all has moved on. */
interface KeptPages {
  readonly deployment: Deployment;
  readonly question: Question;
  readonly pages: readonly Answer[];
}

const PARTITIONS = 2;
/** How many an operator may make of them. */
const PARTITIONS_MAX = 3;
const KEPT_ANSWERS_MAX = 4;
const ROUNDS = 100;

/** Something that the world does in a round, with a stream of chance of its own: leaving one out changes nothing in the others. */
interface Happening {
  readonly id: string;
  readonly random: Random;
}

/** A warm process of the speed function. */
interface Instance {
  readonly warm: WarmState;
  busy: boolean;
}

/** A member of the consumer group, or one that believes to be. At most one invocation per partition is under way. */
interface Poller {
  readonly name: string;
  readonly position: number[];
  readonly busy: boolean[];
}

/** A view version over an incarnation of the topic: functions, mapping and consumer group. */
interface Deployment {
  readonly pipeline: Pipeline;
  readonly fold: Fold;
  readonly scope: Scope;
  readonly name: string;
  readonly committed: number[];
  instances: Instance[];
  pollers: Poller[];
  /** The round from which on its function is invoked again. */
  throttledUntil: number;
  acceptedLost: boolean;
  rolledBack: boolean;
  /** Receipts that were given, by kind of question, with the step at which each was. */
  readonly receipts: Map<string, { readonly step: number; readonly coverage: Coverage }[]>;
  readonly finals: FinalRows;
}

/** A view that looks back cannot pass what is lost. */
const acceptsLost = ({ pipeline }: Deployment): boolean => !looksBack(pipeline.plan);

/** A topic whose records a relay brings into the log. */
interface RelaySource {
  readonly topic: string;
  readonly incarnation: string;
  /** By partition. */
  readonly records: readonly LogRecord[][];
  /** What the relay's group has committed, by partition. */
  committed: number[];
}

/** What a caller may meet without anything being wrong. */
const EXPECTED = [
  'BIFOLD_OTHER_INCARNATION',
  'BIFOLD_TOPIC_GONE',
  'BIFOLD_LOG_BEHIND',
  'BIFOLD_MOVED_ON',
  'BIFOLD_CURSOR_EXPIRED',
  'BIFOLD_LOST_BEFORE_DUPLICATES',
];

/** One seed, one run: the functions' own bodies over fakes of all that is around them, with a scheduler that decides what comes next. */
export function simulate(seed: number, options: SimulationOptions = {}): Promise<Outcome> {
  return new World(seed, options).run();
}

class World {
  private readonly seed: number;
  private readonly sabotage: Sabotage;
  private readonly nemeses: ReadonlySet<Nemesis>;
  private readonly pipelines: readonly Pipeline[];
  private readonly only: ReadonlySet<string> | null;
  private readonly events: string[] = [];
  private readonly scheduler: Scheduler;
  private readonly stage: ports.Stage;
  private readonly histories = new Map<string, (LogRecord | null)[][]>();
  private readonly modelVersions = new Map<string, DrawnModel>();
  private readonly lookupVersions = new Map<string, ReadonlyMap<string, Readonly<Record<string, Value>>>>();
  private readonly deployments: Deployment[] = [];
  /** What the log is made of; nothing where producers write it themselves. */
  private readonly sources: readonly RelaySource[];
  private readonly placements: ReturnType<typeof placementsOf>;
  private readonly kept: KeptPages[] = [];
  private readonly counts: Record<string, number> = {};
  private incarnation = '';
  private timeMs = 1_000_000;
  private clockMs = 1_700_000_000_000;
  private ids = 0;
  private round = 0;
  private calm = false;
  private failure: string | null = null;

  constructor(seed: number, { without = new Set(), only = null, sabotage = null, trace = null }: SimulationOptions) {
    this.seed = seed;
    this.sabotage = sabotage ?? { name: 'none', rule: 0, breaks: '' };
    const chosen = randomOf(seed, 'nemeses');
    this.nemeses = new Set(NEMESES.filter((nemesis) => chosen.chance(0.65) && !without.has(nemesis)));
    this.pipelines = randomOf(seed, 'family').pick(FAMILIES);
    this.only = only;
    this.scheduler = new Scheduler(seed, trace);
    this.incarnation = this.freshId('topic');
    const replicas = this.nemeses.has('replicas') ? 3 : 1;
    const timeouts = randomOf(seed, 'timeouts').pick([0.01, 0.04, 0.1]);
    this.stage = {
      scheduler: this.scheduler,
      replicas: Array.from({ length: replicas }, (): MemoryDatabase => memoryDatabase()),
      objects: new Map(),
      files: new Map(),
      log: memoryLog(this.incarnation, PARTITIONS),
      models: { files: new Map(), pointers: memoryModelPointers() },
      timeouts: () => (this.nemeses.has('timeout') && !this.calm ? timeouts : 0),
      readRepair: this.sabotage.readRepair ?? true,
    };
    this.openHistory();
    this.placements = placementsOf((this.pipelines[0] as Pipeline).plan);
    this.sources = (this.pipelines[0]?.plan.relay?.sources ?? []).map(({ topic }) => ({
      ...{ topic, incarnation: uuidOf(this.freshId('source')) },
      records: Array.from({ length: PARTITIONS }, () => []),
      committed: new Array<number>(PARTITIONS).fill(0),
    }));
  }

  async run(): Promise<Outcome> {
    this.scheduler.say(`seed ${this.seed}, nemeses: ${[...this.nemeses].join(', ')}`);
    await this.reloadLookups(randomOf(this.seed, 'first lookups'));
    this.deploy(this.pipelines[0] as Pipeline);
    for (; this.round < ROUNDS && this.failure === null; this.round++) {
      this.produce();
      this.startActors();
      await this.strike();
      while (this.failure === null && (await this.scheduler.step(this.round + 1)));
      this.scheduler.passTo(this.round + 1);
    }
    if (this.failure === null) await this.settle();
    for (const [index, kept] of this.kept.entries())
      if (this.failure === null) await this.answerAgain(kept, index % 2 === 0 ? 'archive' : 'either');
    const { seed, failure, counts, events } = this;
    return { seed, failure, counts, events, steps: this.scheduler.steps, nemeses: [...this.nemeses] };
  }

  /** What happens in this round with this probability: null when it does not. */
  private happening(kind: string, probability: number): Happening | null {
    const id = `${this.round}.${kind}`;
    const random = randomOf(this.seed, id);
    if (!random.chance(probability) || this.only?.has(id) === false) return null;
    this.events.push(id);
    return { id, random };
  }

  /** What the calm world does, always. */
  private certain(): Happening {
    this.ids++;
    return { id: `calm.${this.ids}`, random: randomOf(this.seed, `calm.${this.ids}`) };
  }

  // The world's own hand: producer, operator, deployments.

  private produce(): void {
    const random = this.happening('produce', 0.4)?.random;
    if (!random) return;
    const partition = random.below(this.partitions);
    for (let records = 1 + random.below(4); records > 0; records--) {
      // Where a relay makes the log, somebody else's record is rare in it.
      if (this.sources.length === 0 || random.chance(0.05)) this.append(partition, random);
      else this.appendTo(random.pick(this.sources), random);
    }
  }

  private appendTo({ topic, records }: RelaySource, random: Random): void {
    this.timeMs += random.below(4);
    const partition = random.below(PARTITIONS);
    const own = records[partition] as LogRecord[];
    const value = sourceValue(topic, random, this.timeMs);
    // Offsets of a source have holes, too.
    const offset = (own.at(-1)?.offset ?? -1) + 1 + (random.chance(0.1) ? random.below(3) : 0);
    own.push({ partition, offset, key: null, value, headers: [], timestampMs: this.timeMs });
    this.scheduler.say(`produced ${topic} p${partition} ${offset}: ${value === null ? 'null' : Buffer.from(value)}`);
  }

  private append(partition: number, random: Random): void {
    const slots = this.historyOf(this.incarnation)[partition] as (LogRecord | null)[];
    this.timeMs += random.below(4);
    if (random.chance(0.2) && !this.calm && this.nemeses.has('holes')) {
      this.count('holes');
      this.stage.log.append(partition, 'hole');
      slots.push(null);
      return;
    }
    // A producer that retries without idempotence writes a record twice: two records, and both count.
    const last = slots.at(-1);
    const isRepeated = random.chance(0.05);
    const value = last && isRepeated ? last.value : tripValue(random, this.timeMs);
    const record = { key: null, value, headers: [], timestampMs: this.timeMs };
    const offset = this.stage.log.append(partition, record);
    slots.push({ ...record, partition, offset });
    this.scheduler.say(`produced p${partition} ${offset}: ${value === null ? 'null' : Buffer.from(value)}`);
  }

  private get partitions(): number {
    return this.historyOf(this.incarnation).length;
  }

  private openHistory(): void {
    this.histories.set(
      this.incarnation,
      Array.from({ length: PARTITIONS }, () => []),
    );
  }

  private historyOf(incarnation: string): (LogRecord | null)[][] {
    return this.histories.get(incarnation) as (LogRecord | null)[][];
  }

  private async reloadLookups(random: Random): Promise<void> {
    const version = `lookup-${this.lookupVersions.size}`;
    const rows = lookupRows(random);
    this.lookupVersions.set(version, rows);
    this.scheduler.say(`lookups are ${version} now`);
    for (const replica of this.stage.replicas) await replica.lookupStore().load(TABLE, version, rows);
  }

  /** Promotes a new version, sometimes one that cannot be read; or goes back to the one before. */
  private async promote(random: Random): Promise<void> {
    const { files, pointers } = this.stage.models;
    const pointer = await pointers.read(MODEL);
    if (pointer.previous !== null && random.chance(0.2)) {
      this.scheduler.say(`model ${MODEL} is ${pointer.previous} again`);
      await pointers.move(MODEL, pointer, rolledBack(MODEL, pointer));
      return;
    }
    const version = `model-${files.size}`;
    const drawn = fareModel(random, version);
    const isDamaged = random.chance(0.15);
    this.modelVersions.set(version, drawn);
    files.set(`${MODEL} ${version}`, Buffer.from(JSON.stringify(fileOf(drawn)).slice(0, isDamaged ? 100 : undefined)));
    this.scheduler.say(`model ${MODEL} is ${version} now${isDamaged ? ', DAMAGED' : ''}`);
    await pointers.move(MODEL, pointer, promoted(pointer, version));
  }

  private deploy(pipeline: Pipeline): void {
    const scope = { version: pipeline.plan.version, incarnation: this.incarnation };
    const name = `v${this.pipelines.indexOf(pipeline) + 1}i${this.histories.size}`;
    const before = this.deployments.at(-1);
    const shared = before !== undefined && before.scope.incarnation === this.incarnation && this.sabotage.sharedGroup;
    const committed = shared ? before.committed : new Array<number>(PARTITIONS_MAX).fill(0);
    const fold = foldOf(pipeline);
    const deployment: Deployment = {
      pipeline,
      fold: this.sabotage.fold?.(fold) ?? fold,
      scope,
      name,
      committed,
      instances: this.sabotage.sharedWarmth && before ? before.instances : [],
      pollers: [],
      throttledUntil: 0,
      acceptedLost: false,
      rolledBack: false,
      receipts: new Map(),
      finals: new FinalRows(),
    };
    this.scheduler.say(`deployed ${name}`);
    this.deployments.push(deployment);
    this.join(deployment, 'poller', committed);
  }

  private join(deployment: Deployment, name: string, position: readonly number[]): Poller {
    const poller = { name, position: [...position], busy: new Array<boolean>(PARTITIONS_MAX).fill(false) };
    deployment.pollers.push(poller);
    return poller;
  }

  // Actors.

  private startActors(): void {
    const running = (kind: Role): number => this.scheduler.actors.filter((actor) => actor.kind === kind).length;
    const deploymentOf = (random: Random): Deployment =>
      (random.chance(0.6) ? this.deployments.at(-1) : null) ?? random.pick(this.deployments);
    const begin = (kind: Role, probability: number, most: number, start: (happening: Happening) => void): void => {
      if (running(kind) >= most) return;
      const happening = this.happening(kind, probability);
      if (happening !== null) start(happening);
    };
    begin('speed', 0.6, 4, (happening) => {
      const deployment = deploymentOf(happening.random);
      if (this.round >= deployment.throttledUntil)
        this.poll(deployment, happening.random.pick(deployment.pollers), happening);
    });
    if (this.sources.length > 0) begin('relay', 0.5, 2, (happening) => this.relay(happening));
    // While a reader stands still, the batch layer makes haste: what it reads may be overtaken, and swept away.
    const overtaken = this.round < this.frozenReader.until ? this.frozenReader.deployment : undefined;
    const haste = overtaken === undefined ? 1 : 4;
    const jobOf = (random: Random): Deployment => overtaken ?? deploymentOf(random);
    begin('archive', 0.2 * haste, 2, (happening) => this.archive(jobOf(happening.random), happening));
    begin('recompute', 0.12 * haste, 2, (happening) => this.recompute(jobOf(happening.random), happening));
    begin('sweep', 0.08 * haste, 2, (happening) => this.sweep(jobOf(happening.random), happening));
    begin('query', 0.12, 2, (happening) => {
      const deployment = deploymentOf(happening.random);
      this.ask(deployment, this.question(deployment.pipeline, happening.random), happening);
    });
  }

  /** Hands records to the function, as the trigger does: from the position on, holes passed over, one invocation per partition at a time. */
  private poll(deployment: Deployment, poller: Poller, happening: Happening): boolean {
    const { random } = happening;
    const delivery = new Map<number, readonly LogRecord[]>();
    const wanted = random.shuffled([...Array(this.partitions).keys()]).slice(0, 1 + random.below(this.partitions));
    const broker = this.historyOf(this.incarnation);
    for (const partition of wanted.filter((each) => !poller.busy[each])) {
      const start = this.logStarts[partition] as number;
      const from = Math.max(start, poller.position[partition] as number);
      const records: LogRecord[] = [];
      const most = 1 + random.below(6);
      for (const record of (broker[partition] as (LogRecord | null)[]).slice(
        from,
        Math.max(from, this.openFrom[partition] ?? Number.MAX_SAFE_INTEGER),
      )) {
        if (records.length === most) break;
        if (record !== null) records.push(record);
      }
      if (records.length > 0) delivery.set(partition, records);
    }
    if (delivery.size === 0) return false;
    for (const partition of delivery.keys()) poller.busy[partition] = true;
    const release = (): void => {
      for (const partition of delivery.keys()) poller.busy[partition] = false;
    };
    const offsets = Array.from(
      delivery,
      ([partition, records]) => `p${partition} [${records.map(({ offset }) => offset)}]`,
    );
    this.invoke(
      deployment,
      happening,
      `speed of ${poller.name} ${offsets.join(' ')}`,
      async (ports, warm) => {
        const handed = this.sabotage.delivery?.(delivery, warm) ?? delivery;
        return foldDelivery(deployment.fold, handed, ports, warm);
      },
      {
        released: release,
        succeeded: () => {
          for (const [partition, records] of delivery) {
            const end = (records.at(-1) as LogRecord).offset + 1;
            poller.position[partition] = Math.max(end, poller.position[partition] as number);
            deployment.committed[partition] = Math.max(end, deployment.committed[partition] as number);
          }
        },
      },
    );
    return true;
  }

  /** An invocation of the speed function, in a warm process if one is free. `released` is called however it ends. */
  private invoke(
    deployment: Deployment,
    { id, random }: Happening,
    name: string,
    body: (ports: SpeedPorts, warm: WarmState) => Promise<readonly FoldedPartition[]>,
    ends: { readonly released?: () => void; readonly succeeded?: () => void } = {},
  ): void {
    let instance = deployment.instances.find(({ busy }) => !busy && random.chance(0.85));
    if (!instance) {
      const warm = coldState();
      instance = { warm: this.sabotage.warm?.(warm) ?? warm, busy: false };
      deployment.instances.push(instance);
    }
    const used = instance;
    used.busy = true;
    const release = (): void => {
      used.busy = false;
      // The next batch goes to the process that was busy last, a retried one mostly to the process that failed.
      deployment.instances = [used, ...deployment.instances.filter((each) => each !== used)];
      ends.released?.();
    };
    this.start(
      id,
      `${deployment.name} ${name}`,
      'speed',
      async (actor) => {
        const { incarnation } = deployment.scope;
        const onRefused = (): void => this.count('models refused');
        const folded = await body({ ...this.portsOf(deployment, actor, 'speed'), incarnation, onRefused }, used.warm);
        for (const { closed, recovered } of folded) {
          if (closed) this.count('closed');
          if (recovered > 0) this.count('recovered');
        }
        release();
        ends.succeeded?.();
      },
      {
        failed: release,
        crashed: () => {
          release();
          deployment.instances = deployment.instances.filter((each) => each !== used);
        },
      },
    );
  }

  /** Brings what a source has beyond the group's offset, or, as a zombie, from below it. */
  private relay({ id, random }: Happening): boolean {
    const source = random.pick(this.sources);
    const partition = random.below(PARTITIONS);
    const { topic, incarnation, committed } = source;
    const from = Math.max(
      0,
      (committed[partition] as number) - (random.chance(0.1) && !this.calm ? random.below(6) : 0),
    );
    const batch = (source.records[partition] as LogRecord[])
      .filter(({ offset }) => offset >= from)
      .slice(0, 1 + random.below(6));
    const end = (batch.at(-1)?.offset ?? -1) + 1;
    if (batch.length === 0) return false;
    const name = `relay of ${topic} p${partition} [${batch.map(({ offset }) => offset)}]`;
    const commit = (): void => {
      committed[partition] = Math.max(end, committed[partition] as number);
    };
    this.start(id, name, 'relay', async (actor) => {
      if (this.sabotage.relayedEarly) commit();
      await relayDelivery(this.placements, topic, new Map([[partition, batch]]), {
        sources: new Map([[topic, { incarnation, log: { topicId: async () => incarnation } }]]),
        writer: ports.logWriter(this.stage, actor, (record) => {
          const slots = this.historyOf(this.incarnation)[record.partition] as (LogRecord | null)[];
          slots.push({ ...record, offset: this.stage.log.append(record.partition, record) });
        }),
      });
      // A topic that was created anew has another group, which has committed nothing.
      if (committed === source.committed) commit();
    });
    return true;
  }

  private archive(deployment: Deployment, { id }: Happening): void {
    this.start(id, `${deployment.name} archive`, 'archive', async (actor) => {
      const { archive, log } = this.portsOf(deployment, actor, 'archive');
      let files = this.calm ? 1_000 : 1 + actor.random.below(3);
      await archiveLog(deployment.pipeline, {
        archive,
        log,
        incarnation: deployment.scope.incarnation,
        engine: foldingEngine(deployment.pipeline, this.stage.files),
        hasTime: () => files-- > 0,
        scratchFolder: '/scratch',
      });
    });
  }

  private recompute(deployment: Deployment, { id }: Happening, acceptLost = false): void {
    this.start(id, `${deployment.name} recompute${acceptLost ? ', lost accepted' : ''}`, 'recompute', async (actor) => {
      const { archive, batch, appearances, bindings, lookups, models, store, views } = this.portsOf(
        deployment,
        actor,
        'recompute',
      );
      const done = await recompute(
        deployment.pipeline,
        {
          archive,
          batch,
          bindings,
          lookups,
          models,
          appearances,
          speed: store,
          views,
          onRefused: () => this.count('models refused'),
          openEngine: async () => foldingEngine(deployment.pipeline, this.stage.files),
          clock: () => this.clockMs,
          newId: () => this.sabotage.runId?.(this.freshId('run')) ?? this.freshId('run'),
          scratchFolder: '/scratch',
        },
        acceptLost,
      );
      if (done.published) this.count('generations');
      const resumption = await resumptionOf(deployment.pipeline.plan, deployment.scope, {
        archive,
        batch,
        speed: store,
      });
      if (resumption === null || this.sabotage.notResumed) return;
      await ports.invocation(this.stage, actor, async () => {
        this.count('resumed');
        this.resume(deployment, resumption, { id: `${id}.resumed`, random: actor.random });
        if (actor.random.chance(0.1))
          this.resume(deployment, resumption, { id: `${id}.resumed again`, random: actor.random });
      });
    });
  }

  /** What the recompute function asks of the speed function, which Lambda may have it do twice. */
  private resume(deployment: Deployment, { upTo }: Resumption, happening: Happening): void {
    const ends = new Map(Object.entries(upTo).map(([partition, end]) => [Number(partition), end]));
    const name = `speed up to ${[...ends].map(([partition, end]) => `p${partition} ${end}`).join(' ')}`;
    this.invoke(deployment, happening, name, (ports, warm) => foldUpTo(deployment.fold, ends, ports, warm));
  }

  private sweep(deployment: Deployment, { id }: Happening): void {
    this.start(id, `${deployment.name} sweep`, 'sweep', async (actor) => {
      const { store, batch, views } = this.portsOf(deployment, actor, 'sweep');
      const ledger = ports.sweepLedger(this.stage, actor, this.keysOf(deployment));
      const swept = await sweep({ store, ledger, batch, views, hasTime: () => this.calm || actor.random.chance(0.8) });
      this.count('swept segments', swept.segments);
      this.count('swept runs', swept.runs.length);
    });
  }

  private rollBack(deployment: Deployment, { id }: Happening): void {
    this.start(id, `${deployment.name} rollback`, 'rollback', async (actor) => {
      const { batch } = this.portsOf(deployment, actor, 'recompute');
      const pointer = await batch.readPointer('serial');
      if (pointer.previous === null) return;
      deployment.rolledBack = true;
      const next = { generation: pointer.generation + 1, current: pointer.previous, previous: pointer.current };
      if (await batch.publish(pointer, next)) this.count('rollbacks');
    });
  }

  private question(pipeline: Pipeline, random: Random): Question {
    const bounded = random.chance(0.2);
    const window = random.pick(pipeline.plan.windows);
    const ranged = window.kind !== 'running';
    return questionOf(pipeline.plan, {
      window: window.name,
      ...(random.chance(0.3) ? { key: { city: random.pick(CITIES) } } : {}),
      ...(bounded && ranged ? { from: Math.floor((this.timeMs - random.below(100)) / 50) * 50 } : {}),
      ...(bounded && ranged && random.chance(0.5) ? { to: Math.floor(this.timeMs / 50) * 50 + 100 } : {}),
      total: random.chance(0.3),
      snapshot: random.chance(0.25),
      limit: random.chance(0.4) ? 1 + random.below(4) : 1_000,
    });
  }

  private ask(
    deployment: Deployment,
    question: Question,
    { id }: Happening,
    final: ((coverage: Coverage) => void) | null = null,
  ): void {
    const { pipeline, scope, receipts } = deployment;
    const { total, snapshot, window, keys } = question;
    const started = this.scheduler.steps;
    this.start(
      id,
      `${deployment.name} question ${window} ${keys ?? 'all keys'}${total ? ' total' : ''}${snapshot ? ' snapshot' : ''} limit ${question.limit}`,
      'query',
      async (actor) => {
        const { store, batch, bindings, appearances } = this.portsOf(deployment, actor, 'query');
        const pages: Answer[] = [];
        for (let cursor: string | null | undefined; cursor !== null; ) {
          const next: Question = cursor
            ? { ...question, cursor: questionOf(pipeline.plan, { window, cursor }).cursor }
            : question;
          const answer = await answerQuestion(pipeline.plan, scope, next, { store, batch, bindings, appearances });
          pages.push(this.sabotage.answer?.(answer) ?? answer);
          cursor = answer.cursor;
          if (cursor !== null) this.count('pages continued');
        }
        const lookups = await this.boundLookups(deployment);
        const history: History = this.historyOf(scope.incarnation);
        const difference = await differenceOf(pipeline, history, lookups, { question, pages });
        const { coverage } = (pages[0] as Answer).receipt;
        // Not drawn: which answers are kept must not change the run. Rows ahead of the receipt are the rarest.
        const rare = pages.some(({ receipt }) => receipt.page.deviating > 0) || pages.length > 1;
        if (!this.calm && this.kept.length < KEPT_ANSWERS_MAX && (rare || (this.counts.answers ?? 0) % 5 === 0))
          this.kept.push({ deployment, question, pages });
        if (difference !== null) this.fail(`${actor.name}: ${difference}`);
        deployment.finals.add(pipeline, pages);
        const unnamed = await this.unnamedModels(deployment, (pages[0] as Answer).receipt);
        if (unnamed.length > 0) this.fail(`${actor.name}: the receipt does not name ${unnamed}`);
        this.count('answers');
        this.count(
          'rows',
          pages.reduce((rows, page) => rows + page.rows.length, 0),
        );
        this.count(
          'rows ahead',
          pages.reduce((rows, page) => rows + page.rows.filter(({ ahead }) => ahead).length, 0),
        );
        const given = receipts.get(String(snapshot)) ?? [];
        receipts.set(String(snapshot), given);
        const before = given.findLast(({ step }) => step <= started);
        if (before && !deployment.acceptedLost && !deployment.rolledBack) {
          const shrunk = uncovered(history, before.coverage, coverage);
          if (Object.keys(shrunk).length > 0)
            this.fail(
              `${actor.name}: the receipt lacks ${JSON.stringify(shrunk)}, which an earlier one covered: ${JSON.stringify(before.coverage)} -> ${JSON.stringify(coverage)}`,
            );
        }
        given.push({ step: this.scheduler.steps, coverage });
        final?.(coverage);
      },
    );
  }

  /** At the end of everything, from what archive and log still have: the same bytes. */
  private async answerAgain({ deployment, question, pages }: KeptPages, source: Source): Promise<void> {
    const { pipeline, scope, name } = deployment;
    const lookups = await this.boundLookups(deployment);
    this.start(
      this.certain().id,
      `${name} as of generation ${pages[0]?.receipt.generation} from ${source}`,
      'as of',
      async (actor) => {
        const { archive, log } = this.portsOf(deployment, actor, 'query');
        const isCurrent = scope.incarnation === this.incarnation;
        const engine = foldingEngine(pipeline, this.stage.files);
        const kept = { archive, engine, log: isCurrent ? log : null, scratchFolder: '/scratch' };
        for (const page of pages) {
          const read: Answer = JSON.parse(JSON.stringify(page));
          const asked = questionOf(pipeline.plan, { ...read.receipt.question });
          if (JSON.stringify({ ...asked, limit: 0 }) !== JSON.stringify({ ...question, limit: 0, keys: asked.keys }))
            this.fail(
              `${actor.name}: the receipt asks ${JSON.stringify(asked)}, asked was ${JSON.stringify(question)}`,
            );
          const located = await locateKept(readFor(pipeline.plan, offsetsOf(read)), source, kept);
          if (Object.keys(located.missing).length > 0) {
            this.count('as of, gone');
            for (const [partition, ranges] of Object.entries(isCurrent ? located.missing : {})) {
              const start = this.logStarts[Number(partition)] as number;
              if (ranges.some(([, end]) => end > start))
                this.fail(
                  `${actor.name}: p${partition} ${JSON.stringify(ranges)} is missing, and the log starts at ${start}`,
                );
            }
            continue;
          }
          const again = await answerAsOf(pipeline, { question: asked, ...read }, keptRecords(located, kept), lookups);
          const [now, then] = [JSON.stringify(again), JSON.stringify(page)];
          if (now !== then) this.fail(`${actor.name}: ${now}, and it was ${then}`);
          this.count('as of, equal');
          this.count('as of, rows ahead', page.rows.filter(({ ahead }) => ahead).length);
        }
      },
    );
    await this.drain();
  }

  /** The rows that each segment is bound to, as the database has it. */
  private async boundLookups(deployment: Deployment): Promise<(partition: number, offset: number) => ResolveLookup> {
    const store = (this.stage.replicas[0] as MemoryDatabase).bindingStore(this.keysOf(deployment));
    const bound = await Promise.all(
      [...Array(PARTITIONS_MAX).keys()].map((partition) => store.list(partition, 0, null)),
    );
    const { plan } = deployment.pipeline;
    const index = slotIndex(plan);
    return (partition, offset) => {
      const versions = bound[partition]?.get(Math.floor(offset / SEGMENT_SIZE));
      const resolve: ResolveLookup = (lookup, key) => {
        const version = versions?.get(plan.lookups[lookup]?.name ?? '');
        return (version === undefined ? undefined : this.lookupVersions.get(version)?.get(key)) ?? null;
      };
      // Scored by the hand that drew the model, which shares nothing with the code that scores.
      const model = this.modelVersions.get(versions?.get(`model:${MODEL}`) ?? '');
      const recordOf = (slots: Slots): Readonly<Record<string, Value>> =>
        Object.fromEntries(
          (model?.features ?? []).map(({ field }) => {
            const slot = index.get(field === 'rank' ? 'place.rank' : field) as number;
            return [field, slots[slot] as Value];
          }),
        );
      return withModels(resolve, [model ? { score: (slots) => [numberOf(model, recordOf(slots))] } : null]);
    };
  }

  /** Versions that records among the covered offsets are scored with, and the receipt does not name. */
  private async unnamedModels(deployment: Deployment, { coverage, models }: Receipt): Promise<readonly string[]> {
    const store = (this.stage.replicas[0] as MemoryDatabase).bindingStore(this.keysOf(deployment));
    const unnamed = new Set<string>();
    if (deployment.pipeline.plan.models === undefined) return [];
    for (const [partition, slots] of this.historyOf(deployment.scope.incarnation).entries()) {
      const bound = await store.list(partition, 0, null);
      for (const [offset, slot] of slots.entries()) {
        const version = bound.get(Math.floor(offset / SEGMENT_SIZE))?.get(`model:${MODEL}`) ?? 'no binding';
        const isCovered = (coverage[partition] ?? []).some(([from, to]) => offset >= from && offset < to);
        if (slot !== null && isCovered && !models?.expected?.includes(version)) unnamed.add(version);
      }
    }
    return [...unnamed];
  }

  private start(
    id: string,
    name: string,
    kind: string,
    body: (actor: Actor) => Promise<void>,
    ends: { readonly failed?: () => void; readonly crashed?: () => void } = {},
  ): void {
    this.count(kind);
    this.scheduler.spawn(
      id,
      name,
      kind,
      async (actor) => {
        await this.scheduler.turn(actor, 'begins');
        await body(actor);
      },
      {
        failed: (error) => {
          ends.failed?.();
          this.count(`${kind} failed`);
          const expected =
            error instanceof ports.NoAnswer || (error instanceof BifoldError && EXPECTED.includes(error.code));
          if (!expected) this.fail(`${name} fails: ${error instanceof Error ? error.stack : String(error)}`);
        },
        crashed: () => ends.crashed?.(),
      },
    );
  }

  private keysOf({ scope }: Deployment): Scope {
    return this.sabotage.scope?.(scope) ?? scope;
  }

  private portsOf(deployment: Deployment, actor: Actor, role: Role) {
    const { stage, sabotage } = this;
    const scope = this.keysOf(deployment);
    const { storage } = deployment.pipeline.plan;
    const store = ports.speedStore(stage, actor, scope, storage);
    const batch = ports.batchStore(stage, actor, scope, storage);
    const appearances = ports.appearanceStore(stage, actor, scope);
    const bindings = ports.bindingStore(stage, actor, scope);
    const log = ports.log(stage, actor);
    const bucket = ports.bucket(stage, actor);
    const objects = sabotage.bucket?.(bucket) ?? bucket;
    const archive = memoryArchive(objects, scope);
    return {
      store: sabotage.speed?.(store, role, stage, scope) ?? store,
      batch: sabotage.batch?.(batch, role) ?? batch,
      appearances: sabotage.appearances?.(appearances, role, stage, scope) ?? appearances,
      bindings: sabotage.bindings?.(bindings) ?? bindings,
      lookups: ports.lookupStore(stage, actor),
      models: ports.modelRegistry(stage, actor),
      log: sabotage.log?.(log, role, deployment.scope) ?? log,
      archive: sabotage.archive?.(archive) ?? archive,
      views: memoryViews(objects, scope),
    };
  }

  // Nemeses.

  private readonly logStarts = new Array<number>(PARTITIONS_MAX).fill(0);

  /** Whom the reader asks that was frozen last, and the round from which on it goes on. */
  private frozenReader: { readonly until: number; readonly deployment?: Deployment | undefined } = { until: 0 };

  /** First offset of the open transaction of each partition: nothing from there on is committed. */
  private readonly openFrom = new Array<number | null>(PARTITIONS_MAX).fill(null);

  /** A nemesis strikes in this round, or does not: null. */
  private strikes(nemesis: Nemesis, probability: number): Happening | null {
    if (this.calm || !this.nemeses.has(nemesis)) return null;
    const happening = this.happening(nemesis, probability);
    if (happening !== null) this.count(nemesis);
    return happening;
  }

  private async strike(): Promise<void> {
    const { scheduler } = this;
    const current = this.deployments.filter(({ scope }) => scope.incarnation === this.incarnation);
    const zombie = this.strikes('zombie', 0.02)?.random;
    if (zombie) {
      const deployment = zombie.pick(this.deployments);
      if (deployment.pollers.length < 3) {
        scheduler.say(`ZOMBIE of ${deployment.name}`);
        this.join(
          deployment,
          'zombie',
          deployment.committed.map((next) => Math.max(0, next - zombie.below(10))),
        );
      }
    }
    const jump = this.strikes('jump', 0.03)?.random;
    if (jump) {
      const poller = jump.pick(jump.pick(current).pollers);
      const partition = jump.below(this.partitions);
      const end = (this.historyOf(this.incarnation)[partition] as unknown[]).length;
      const from = poller.position[partition] as number;
      const most = jump.chance(0.6) ? Math.min(2, end - from - 1) : end - from - 1;
      if (!poller.busy[partition] && end - from > 1) {
        poller.position[partition] = from + 1 + jump.below(most);
        scheduler.say(`JUMP of ${poller.name} in p${partition} from ${from} to ${poller.position[partition]}`);
      }
    }
    const transaction = this.strikes('transaction', 0.02)?.random;
    if (transaction) {
      // Records of an open transaction hide what stands after them; then they turn out to be a hole, and the marker is another.
      const partition = transaction.below(this.partitions);
      if (this.openFrom[partition] === null) {
        this.openFrom[partition] = this.stage.log.append(partition, 'open');
        this.historyOf(this.incarnation)[partition]?.push(null);
        scheduler.say(`OPEN TRANSACTION in p${partition} at ${this.openFrom[partition]}`);
      }
    }
    for (const [partition, open] of this.openFrom.entries())
      if (open !== null && this.happening(`abort-p${partition}`, 0.04)) this.abort(partition);
    const crash = scheduler.actors.length > 0 ? this.strikes('crash', 0.04) : null;
    if (crash) {
      const actor = pickByName(this.seed, crash.id, scheduler.actors, ({ id }) => id);
      scheduler.say(`CRASH of ${actor.name}`);
      scheduler.crash(actor);
    }
    const freeze = scheduler.actors.length > 0 ? this.strikes('freeze', 0.05) : null;
    if (freeze) {
      // Readers above all: what they read must stand still for them, and nothing else does.
      const readers = scheduler.actors.filter(({ kind }) => kind === 'query');
      const reader = freeze.random.chance(0.4) && readers.length > 0;
      const actor = pickByName(this.seed, freeze.id, reader ? readers : scheduler.actors, ({ id }) => id);
      actor.frozenUntil = scheduler.now + 3 + freeze.random.below(actor.kind === 'query' ? 100 : 50);
      if (actor.kind === 'query') {
        const deployment = this.deployments.find(({ name }) => actor.name.startsWith(`${name} `));
        this.frozenReader = { until: actor.frozenUntil, deployment };
      }
      scheduler.say(`FREEZE of ${actor.name} until ${actor.frozenUntil.toFixed(2)}`);
    }
    const retention = this.strikes('retention', 0.02)?.random;
    if (retention) {
      const partition = retention.below(this.partitions);
      const end = (this.historyOf(this.incarnation)[partition] as unknown[]).length;
      const start = this.logStarts[partition] as number;
      this.logStarts[partition] = start + retention.below(Math.max(1, Math.ceil((end - start) * 0.7)));
      this.stage.log.deleteBefore(partition, this.logStarts[partition] as number);
      scheduler.say(`RETENTION: p${partition} starts at ${this.logStarts[partition]}`);
    }
    if (this.strikes('redeploy', 0.008)) {
      const version = this.pipelines.find(({ plan }) => current.every(({ scope }) => scope.version !== plan.version));
      if (version) this.deploy(version);
    }
    if (this.histories.size < 3 && this.strikes('recreate', 0.006)) this.recreate();
    if (this.partitions < PARTITIONS_MAX && this.strikes('new-partition', 0.01)) {
      scheduler.say(`NEW PARTITION p${this.stage.log.addPartition()}`);
      this.historyOf(this.incarnation).push([]);
    }
    const rollback = this.strikes('rollback', 0.04);
    if (rollback) this.rollBack(rollback.random.pick(this.deployments), rollback);
    const reload = this.strikes('lookup-reload', 0.03)?.random;
    if (reload) await this.reloadLookups(reload);
    const promotion = this.strikes('promotion', 0.05)?.random;
    if (promotion) await this.promote(promotion);
    const accept = this.strikes('accept-lost', 0.008);
    if (accept) {
      const deployment = accept.random.pick(this.deployments);
      deployment.acceptedLost = true;
      this.recompute(deployment, accept, true);
    }
    const throttle = this.strikes('throttle', 0.02)?.random;
    if (throttle) {
      const deployment = throttle.pick(current);
      deployment.throttledUntil = this.round + 5 + throttle.below(40);
      scheduler.say(`THROTTLED ${deployment.name} until round ${deployment.throttledUntil}`);
    }
    const clock = this.strikes('clock-jump', 0.01)?.random;
    if (clock) this.clockMs += (clock.chance(0.5) ? 1 : -1) * 3_600_000;
    this.clockMs += 100;
  }

  private abort(partition: number): void {
    this.openFrom[partition] = null;
    this.scheduler.say(`ABORTED TRANSACTION in p${partition}`);
    this.stage.log.abort(partition);
    this.historyOf(this.incarnation)[partition]?.push(null);
  }

  private recreate(): void {
    this.openFrom.fill(null);
    this.incarnation = this.freshId('topic');
    this.stage.log.recreate(this.incarnation);
    this.openHistory();
    for (const source of this.sources) source.committed = new Array<number>(PARTITIONS).fill(0);
    this.logStarts.fill(0);
    this.scheduler.say(`RECREATED the topic: ${this.incarnation}`);
    const [pipeline] = this.deployments.slice(-1).map((deployment) => deployment.pipeline);
    this.deploy(pipeline as Pipeline);
  }

  // The end: the nemeses stop, and everything that happened must be in the answer.

  private async drain(): Promise<void> {
    for (let turns = 0; this.failure === null; turns++) {
      if (!(await this.scheduler.step())) return;
      if (turns > 50_000) this.fail('the calm world never comes to rest');
    }
  }

  private async settle(): Promise<void> {
    this.calm = true;
    this.scheduler.say('CALM');
    for (const actor of this.scheduler.actors) actor.frozenUntil = 0;
    await this.drain();
    for (const partition of this.openFrom.keys()) if (this.openFrom[partition] !== null) this.abort(partition);
    await this.relayAll();
    const current = this.deployments.filter(({ scope }) => scope.incarnation === this.incarnation);
    // A whole segment more for every partition, so that the last one begins where nothing was lost.
    const tail = this.certain().random;
    for (let partition = 0; partition < this.partitions; partition++)
      for (let record = 0; record < SEGMENT_SIZE + 1; record++) this.append(partition, tail);
    for (const deployment of current) {
      await this.consume(deployment, this.join(deployment, 'poller', deployment.committed));
      for (const body of ['archive', 'recompute', 'sweep', 'recompute', 'sweep'] as const) {
        if (body === 'recompute') this.recompute(deployment, this.certain(), acceptsLost(deployment));
        else this[body](deployment, this.certain());
        await this.drain();
      }
      if (this.failure !== null) return;
      const accepted = deployment.acceptedLost;
      deployment.acceptedLost = true;
      for (const { name } of deployment.pipeline.plan.windows) {
        for (const total of [false, true]) {
          let answered: Coverage | null = null;
          const question = questionOf(deployment.pipeline.plan, { window: name, total });
          this.ask(deployment, question, this.certain(), (coverage) => {
            answered = coverage;
          });
          await this.drain();
          if (this.failure !== null) return;
          if (answered === null) this.fail(`${deployment.name} does not answer, in a calm world`);
          else this.checkLiveness(deployment, answered);
        }
      }
      deployment.acceptedLost = accepted;
      const history = this.historyOf(this.incarnation);
      const difference =
        (await deployment.finals.changed(deployment.pipeline, history, await this.boundLookups(deployment))) ??
        (await this.differenceAtRest(deployment));
      this.count('rows final', deployment.finals.size);
      if (difference !== null) this.fail(`${deployment.name}, at rest: ${difference}`);
    }
  }

  /** All of the log, to its end. */
  private async consume(deployment: Deployment, poller: Poller): Promise<void> {
    for (let partition = 0, polls = 0; partition < this.partitions; polls++) {
      if (polls > 2_000) this.fail(`${deployment.name}: all is calm, and partition ${partition} is not consumed`);
      if (this.failure !== null) return;
      if (poller.position[partition] === this.historyOf(this.incarnation)[partition]?.length) partition++;
      else this.poll(deployment, poller, this.certain());
      await this.drain();
    }
  }

  /** All that the sources hold is brought into the log; what is said to have been brought is there. */
  private async relayAll(): Promise<void> {
    const isLeft = ({ records, committed }: RelaySource): boolean =>
      records.some((own, partition) => (own.at(-1)?.offset ?? -1) >= (committed[partition] as number));
    while (this.sources.some(isLeft) && this.failure === null) {
      this.relay(this.certain());
      await this.drain();
    }
    const brought = new Set(
      this.historyOf(this.incarnation).flatMap((slots) => slots.map((slot) => slot && originHeader(slot.headers))),
    );
    for (const { topic, incarnation, records } of this.sources)
      for (const { partition, offset } of records.flat())
        if (!brought.has(originText(topic, incarnation, partition, offset)))
          this.fail(`the relay lost ${topic} p${partition} ${offset}`);
  }

  /** What no question asks for: the quarantine table, the run's views as Parquet, and what the sweeper left behind. */
  private async differenceAtRest(deployment: Deployment): Promise<string | null> {
    const { pipeline, fold } = deployment;
    const { plan } = pipeline;
    const scope = this.keysOf(deployment);
    const database = this.stage.replicas[0] as MemoryDatabase;
    const store = database.speedStore(scope, plan.storage);
    const history = this.historyOf(this.incarnation);
    const earlier = fold.lookBack && new EarlierRecords(fold.lookBack);
    for (const [partition, slots] of history.entries()) {
      const entries = new Map<number, string>();
      for (const entry of await store.listQuarantine(partition, 0, 1_000_000)) entries.set(entry.offset, entry.reason);
      const progress = await store.readProgress(partition, 0, null);
      for (const [offset, slot] of slots.entries()) {
        const decoded = slot === null ? null : fold.decode(slot.value, slot.headers);
        const admitted = decoded === null ? null : slot && (earlier?.admit(slot, decoded) ?? decoded);
        const expected = admitted?.kind === 'poison' ? admitted.reason : undefined;
        const given = entries.get(offset);
        const folded = offset < (progress.get(Math.floor(offset / SEGMENT_SIZE)) ?? 0);
        if ((given !== undefined || folded) && given !== expected)
          return `the quarantine has ${given} for p${partition} ${offset}, which is ${expected ?? 'no poison'}`;
      }
    }

    const batch = database.batchStore(scope, plan.storage);
    const pointer = await batch.readPointer('serial');
    const named = [pointer.current?.run, pointer.previous?.run];
    const left = (await batch.listRuns()).filter(({ run }) => !named.includes(run));
    // Of three replicas, one may have an entry whose writer was never told: the sweeper meets it when a quorum has that one in it.
    if (left.length > 0 && this.stage.replicas.length === 1)
      return `runs are left that nothing names: ${left.map(({ run }) => run)}`;
    if (pointer.current === null) return null;

    const records = history.flatMap((slots) => slots.filter((slot) => slot !== null));
    const covered = Object.fromEntries(
      [...history.keys()].map((partition) => [
        String(partition),
        batchRanges(pointer.current, partition, SEGMENT_SIZE),
      ]),
    );
    const { rows } = await interpret(pipeline, records, covered, await this.boundLookups(deployment));
    const { view } = rowAlgebrasOf(plan);
    for (const { name, kind } of plan.windows) {
      const expected = [...rows.values()]
        .filter(({ window }) => window === name)
        .map(({ key, startMs, endMs, states }) => {
          const start = kind === 'running' ? null : startMs;
          const values = view.present(states);
          const shown = plan.aggregates.map((each) => resultCell(resultTypeOf(each), values[each.name] ?? null));
          return JSON.stringify([...JSON.parse(key), start, endMs, ...shown]);
        });
      const folder = `views/${scope.version}/${scope.incarnation}/${pointer.current.run}/${name}-`;
      const files = [...this.stage.objects].filter(([path]) => path.startsWith(folder));
      const given = files.flatMap(([, { columns }]) =>
        (columns[0]?.values ?? []).map((_, row) =>
          JSON.stringify(
            columns.map(({ values }) => (typeof values[row] === 'bigint' ? Number(values[row]) : values[row])),
          ),
        ),
      );
      if (JSON.stringify(given.sort()) !== JSON.stringify(expected.sort()))
        return `the view files of ${name} have ${given}, the fold over ${JSON.stringify(covered)} has ${expected}`;
    }
    return null;
  }

  private checkLiveness(deployment: Deployment, coverage: Coverage): void {
    const history = this.historyOf(this.incarnation);
    const everything = Object.fromEntries(history.map((slots, partition) => [partition, [[0, slots.length] as const]]));
    const missing = uncovered(history, everything, coverage);
    const prefix = `archive/${deployment.scope.version}/${deployment.scope.incarnation}/`;
    const lost = new Map<string, [number, number][]>();
    for (const [key, { metadata }] of this.stage.objects) {
      if (!key.startsWith(prefix) || metadata.lost !== 'true') continue;
      const [partition, name] = key.slice(prefix.length).split('/') as [string, string];
      // A view that looks back ends where the first record is lost.
      const start = Number.parseInt(name, 10);
      const [from, end] = acceptsLost(deployment)
        ? [start, Number(metadata.end)]
        : [start - (start % SEGMENT_SIZE), Number.MAX_SAFE_INTEGER];
      lost.set(partition, [...(lost.get(partition) ?? []), [from, end]]);
    }
    const unexplained = uncovered(history, missing, Object.fromEntries(lost));
    if (Object.keys(unexplained).length > 0)
      this.fail(
        `${deployment.name}: all is calm, and the answer does not cover ${JSON.stringify(unexplained)}: ${JSON.stringify(coverage)}`,
      );
  }

  private fail(failure: string): void {
    this.failure ??= failure;
    this.scheduler.say(`FAILURE ${failure}`);
  }

  private count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  private freshId(kind: string): string {
    this.ids++;
    return `${kind}-${this.seed}-${this.ids}`;
  }
}

/** An id as topics have them, for what is called so. */
function uuidOf(name: string): string {
  return `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').slice(-12).padStart(12, '0')}`;
}
