import {
  type MemoryDatabase,
  memoryArchive,
  memoryDatabase,
  memoryModelPointers,
  memoryViews,
} from '@bifold/adapters/memory';
import { archivedBindings } from '@bifold/adapters/s3';
import type { Pipeline } from '@bifold/core';
import {
  type Answer,
  type BindingStore,
  type Coverage,
  type Fold,
  foldOf,
  requiresHistory,
  type Scope,
  type ViewQuery,
} from '@bifold/core/engine';
import { publishedView, type WarmState } from '@bifold/engine';
import { FinalRows } from '../checks/finality.ts';
import * as ports from '../ports/index.ts';
import { type Random, randomOf } from '../random.ts';
import { Run, type SimulationOptions } from '../run.ts';
import type { Role } from '../sabotages/sabotage.ts';
import type { Lookups } from './history.ts';
import { FAMILIES, inSmallSegments, SEGMENT_SIZES } from './pipelines.ts';
import type { Actor } from './scheduler.ts';
import { SideInputs } from './side-inputs.ts';
import { Sources } from './sources.ts';
import { PARTITIONS_MAX, Topic } from './topic.ts';

/** A warm process of the speed function. */
interface Instance {
  readonly warm: WarmState;
  busy: boolean;
}

/**
 * A member of the consumer group, or a former one that still acts as a member. It has at most one
 * invocation per partition.
 */
export interface Poller {
  readonly name: string;
  readonly position: number[];
  readonly busy: boolean[];
}

/** A view version over one topic, by its id: functions, mapping and consumer group. */
export interface Deployment {
  readonly pipeline: Pipeline;
  readonly fold: Fold;
  readonly scope: Scope;
  readonly name: string;
  readonly committed: number[];
  instances: Instance[];
  readonly pollers: Poller[];
  /** The round from which on its function is invoked again. */
  throttledUntil: number;
  acceptedLost: boolean;
  /** Its database was emptied, and is not restored yet. */
  lost: boolean;
  /**
   * The bindings when the database was emptied, by partition: answers may still use what was read
   * before.
   */
  boundBefore: ReadonlyMap<number, Awaited<ReturnType<BindingStore['list']>>>;
  rolledBack: boolean;
  /** Receipts that were given when this version was asked, by kind of question. */
  readonly receipts: Map<string, GivenReceipt[]>;
  readonly finals: FinalRows;
}

/** A receipt that was given: at which step, by which version. */
export interface GivenReceipt {
  readonly step: number;
  readonly coverage: Coverage;
  readonly deployment: Deployment;
}

/** A view with stateful operators cannot pass what is lost. */
export const passesLost = ({ pipeline }: Deployment): boolean => !requiresHistory(pipeline.plan);

/** Adds a member to the group, which starts at this position. */
export function join(deployment: Deployment, name: string, position: readonly number[]): Poller {
  const poller = { name, position: [...position], busy: new Array<boolean>(PARTITIONS_MAX).fill(false) };
  deployment.pollers.push(poller);
  return poller;
}

/** A saved answer: it can be reproduced after all else has changed. */
export interface KeptPages {
  readonly deployment: Deployment;
  readonly query: ViewQuery;
  readonly pages: readonly Answer[];
}

/**
 * Everything in a run: log, database, bucket and registry behind the ports, and the deployments.
 */
export class World extends Run {
  readonly pipelines: readonly Pipeline[];
  readonly topic: Topic;
  readonly sources: Sources;
  readonly stage: ports.Stage;
  readonly sideInputs: SideInputs;
  readonly deployments: Deployment[] = [];
  readonly kept: KeptPages[] = [];
  /** The round until which the database refuses plain writes. */
  unavailableUntil = 0;
  /** The round until which a version that was just deployed is watched. */
  handoverUntil = 0;
  /**
   * Receipts that were given when the view was asked by its name, by topic id and kind of question.
   */
  readonly receipts = new Map<string, GivenReceipt[]>();
  /** The step at which the database was emptied last. */
  emptiedAtStep = Number.NEGATIVE_INFINITY;
  /** The deployment of the last frozen reader, and the round in which it continues. */
  frozenReader: { readonly until: number; readonly deployment?: Deployment | undefined } = { until: 0 };

  constructor(seed: number, options: SimulationOptions) {
    super(seed, options);
    const segmentSize = randomOf(seed, 'segments').pick(SEGMENT_SIZES);
    this.pipelines = randomOf(seed, 'family')
      .pick(FAMILIES)
      .map((pipeline) => inSmallSegments(pipeline, segmentSize));
    this.topic = new Topic(this);
    this.sources = new Sources(this, this.pipelines[0] as Pipeline);
    const replicas = this.nemeses.has('replicas') ? 3 : 1;
    const timeouts = randomOf(seed, 'timeouts').pick([0.01, 0.04, 0.1]);
    this.stage = {
      scheduler: this.scheduler,
      replicas: Array.from({ length: replicas }, (): MemoryDatabase => memoryDatabase()),
      objects: new Map(),
      files: new Map(),
      publications: new Map(),
      bindings: new Map(),
      log: this.topic.log,
      models: { files: new Map(), pointers: memoryModelPointers() },
      timeouts: () => (this.nemeses.has('timeout') && !this.calm ? timeouts : 0),
      isUnavailable: () => !this.calm && this.round < this.unavailableUntil,
      readRepair: this.sabotage.readRepair ?? true,
      segmentSize,
    };
    this.sideInputs = new SideInputs(this, this.stage);
  }

  /** Deployments over the topic as it is now. */
  get current(): readonly Deployment[] {
    return this.deployments.filter(({ scope }) => scope.topicId === this.topic.topicId);
  }

  deploymentOf(version: string, topicId: string): Deployment {
    const found = this.deployments.find(({ scope }) => scope.version === version && scope.topicId === topicId);
    if (!found) throw new Error(`${version} was never deployed over ${topicId}`);
    return found;
  }

  /** The latest one more often than others. */
  drawnDeployment(random: Random): Deployment {
    return (random.chance(0.6) ? this.deployments.at(-1) : null) ?? random.pick(this.deployments);
  }

  deploy(pipeline: Pipeline): void {
    const { sabotage, topic } = this;
    const scope = { version: pipeline.plan.version, topicId: topic.topicId };
    const name = `v${this.pipelines.indexOf(pipeline) + 1}i${topic.topicIds}`;
    const before = this.deployments.at(-1);
    const shared = before !== undefined && before.scope.topicId === topic.topicId && sabotage.sharedGroup;
    const committed = shared ? before.committed : new Array<number>(PARTITIONS_MAX).fill(0);
    const fold = foldOf(pipeline);
    const deployment: Deployment = {
      pipeline,
      fold: sabotage.fold?.(fold) ?? fold,
      scope,
      name,
      committed,
      instances: sabotage.sharedWarmth && before ? before.instances : [],
      pollers: [],
      throttledUntil: 0,
      acceptedLost: false,
      lost: false,
      rolledBack: false,
      boundBefore: new Map(),
      receipts: new Map(),
      finals: new FinalRows(),
    };
    this.say(`deployed ${name}`);
    this.deployments.push(deployment);
    join(deployment, 'poller', committed);
  }

  /**
   * Rolls back a definition: an earlier version is deployed again, and continues from its state.
   */
  deployAgain(deployment: Deployment): void {
    this.say(`deployed ${deployment.name} again`);
    this.deployments.splice(this.deployments.indexOf(deployment), 1);
    this.deployments.push(deployment);
  }

  /** The last deployment. */
  get latest(): Deployment {
    return this.deployments.at(-1) as Deployment;
  }

  /** The scope of the deployment's stored data. */
  keysOf({ scope }: Deployment): Scope {
    return this.sabotage.scope?.(scope) ?? scope;
  }

  /** The ports of an actor in that role. */
  portsOf(deployment: Deployment, actor: Actor, role: Role) {
    const { stage, sabotage } = this;
    const scope = this.keysOf(deployment);
    const { storage } = deployment.pipeline.plan;
    const store = ports.speedStore(stage, actor, scope, storage);
    const batch = ports.batchStore(stage, actor, scope, storage);
    const operatorState = ports.operatorStateStore(stage, actor, scope);
    const bindings = ports.bindingStore(stage, actor, scope);
    const kept = ports.bindingArchive(stage, actor, scope);
    const bindingArchive = sabotage.bindingArchive?.(kept) ?? kept;
    const log = ports.log(stage, actor);
    const bucket = ports.bucket(stage, actor);
    const objects = sabotage.bucket?.(bucket) ?? bucket;
    const archive = memoryArchive(objects, scope);
    const recorded = ports.publicationStore(stage, actor, scope);
    const publications = sabotage.publications?.(recorded, role) ?? recorded;
    return {
      store: sabotage.speed?.(store, role, stage, scope) ?? store,
      batch: sabotage.batch?.(batch, role) ?? batch,
      operatorState: sabotage.operatorState?.(operatorState, role, stage, scope) ?? operatorState,
      bindings: sabotage.bindings?.(bindings) ?? archivedBindings(bindings, bindingArchive),
      bindingArchive,
      lookups: ports.lookupStore(stage, actor),
      models: ports.modelRegistry(stage, actor),
      log: sabotage.log?.(log, role, deployment.scope) ?? log,
      archive: sabotage.archive?.(archive, stage) ?? archive,
      views: memoryViews(objects, scope),
      publications,
      published: publishedView(deployment.pipeline.plan, { publications, archive, batch }),
    };
  }

  /** One of its replicas, for the judge: it takes no turn. */
  get database(): MemoryDatabase {
    return this.stage.replicas[0] as MemoryDatabase;
  }

  /** The bindings, including those of a database that was emptied since: they stay valid. */
  bindingsOf(deployment: Deployment): Pick<BindingStore, 'list'> {
    const store = this.database.bindingStore(this.keysOf(deployment));
    return {
      async list(partition, from, to) {
        const bound = new Map(await store.list(partition, from, to));
        for (const [segment, versions] of deployment.boundBefore.get(partition) ?? [])
          if (segment >= from && (to === null || segment < to))
            bound.set(segment, new Map([...(bound.get(segment) ?? []), ...versions]));
        return bound;
      },
    };
  }

  boundLookups(deployment: Deployment): Promise<Lookups> {
    return this.sideInputs.boundIn(this.bindingsOf(deployment), deployment.pipeline.plan);
  }
}
