import type { TopicDescription } from '@bifold/adapters/kafka';
import { type Coverage, coverageGaps, type Plan, type StoragePlan, ViewLostError } from '@bifold/core/engine';
import type { MappingState, TriggerState } from '@bifold/trigger';
import { ask } from '../api.ts';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';
import { driftOfDeployment, driftWarnings } from '../deployment/drift.ts';
import { messageOf } from '../errors.ts';
import { relayLag } from '../kafka/groups/pipeline-groups.ts';
import { boundsOf, type LogBounds, lagOf } from '../kafka/topics/log-bounds.ts';
import { whatHappened } from '../kafka/topics/recreated-topic.ts';
import { withoutTrailingHoles } from '../kafka/topics/trailing-holes.ts';
import { number } from '../output/terminal.ts';
import { type Handover, handoverWarning, readHandover } from '../verification/handover.ts';
import { publishedOf } from '../verification/published.ts';
import { type StoredViews, storedViews } from '../verification/stored-views.ts';
import { type ArchiveReport, archiveReport, type Retention, retentionOf, retentionWarnings } from './archive-report.ts';
import { mappingOf, relayMappingsOf } from './trigger-state.ts';

/**
 * The state of a deployed pipeline. A value that could not be read is null, and `unknown` gives the
 * reason.
 */
export interface PipelineReport {
  readonly pipeline: string;
  readonly topic: string;
  /** The version that is deployed. */
  readonly version: string;
  readonly topicId: string;
  /**
   * The version that answers. It becomes the deployed one once that covers the same offsets. Null
   * if there was no query yet.
   */
  readonly answering: string | null;
  /** The trigger's state of the mapping. */
  readonly mapping: { readonly status: string; readonly reason: string | null } | null;
  readonly ends: Readonly<Record<string, number>> | null;
  /** Offsets in the log that answers do not cover. */
  readonly lag: number | null;
  /** The records of each source that the relay has not copied yet. Null if there is no relay. */
  readonly relay: Readonly<Record<string, number>> | null;
  readonly gaps: Coverage | null;
  readonly generation: { readonly number: number; readonly ageMs: number | null } | null;
  readonly archive: ArchiveReport | null;
  readonly retention: Retention | null;
  readonly quarantined: Readonly<Record<string, number>> | null;
  readonly warnings: readonly string[];
  readonly unknown: readonly string[];
}

/** A deployed pipeline, and the part of the cloud's state that all pipelines share. */
export interface Deployed {
  readonly context: Context;
  readonly record: DeploymentRecord;
  /** The plan of its definition; null when the definition is gone. */
  readonly plan: Plan | null;
  /** Null when the trigger does not answer. */
  readonly trigger: TriggerState | null;
  readonly isUp: (service: string) => boolean;
}

/** The storage of a version whose plan can be read nowhere. */
const DEFAULT_STORAGE: StoragePlan = { segmentSize: 4096, buckets: 4 };

export function inspectPipeline(deployed: Deployed): Promise<PipelineReport> {
  return new Inspection(deployed).report();
}

/** Reads all of a pipeline's state that can be read, and gathers warnings on the way. */
class Inspection {
  readonly #context: Context;
  readonly #record: DeploymentRecord;
  readonly #plan: Plan | null;
  /** The plan of the deployed version. Null until `report`, and where nothing knows it. */
  #deployedPlan: Plan | null = null;
  readonly #trigger: TriggerState | null;
  readonly #isUp: (service: string) => boolean;
  readonly #redeploy: string;
  readonly #warnings: string[] = [];
  readonly #unknown: string[] = [];

  constructor({ context, record, plan, trigger, isUp }: Deployed) {
    this.#context = context;
    this.#record = record;
    this.#plan = plan;
    this.#trigger = trigger;
    this.#isUp = isUp;
    this.#redeploy = `npx bifold deploy ${record.pipeline}`;
  }

  async report(): Promise<PipelineReport> {
    const { pipeline, topic, version, topicId } = this.#record;
    this.#checkDefinition();
    this.#deployedPlan = await this.#planOfVersion();
    const described = await this.#topic();
    const bounds = described?.id === topicId ? await this.#bounds(described) : null;
    const relay = await this.#relay();
    const stored = await this.#attempt('views', ['cassandra'], () =>
      storedViews(this.#context, this.#record, this.#storage),
    );
    const handover = await this.#handover();
    const coverage = handover?.alias.sealed?.coverage ?? stored?.coverage ?? null;
    const lag = bounds && coverage && (await this.#lag(bounds, coverage));
    if (stored !== null) await this.#checkPublications(stored);
    const archive = bounds && (await this.#archive(bounds));
    const retention = described && retentionOf(described.config);
    if (archive && retention) this.#warnings.push(...retentionWarnings(topic, archive, retention));
    const quarantined = await this.#quarantined();
    await this.#checkDrift();
    const mapping = this.#mapping();
    return {
      pipeline,
      topic,
      version,
      topicId,
      mapping: mapping && { status: mapping.status, reason: mapping.reason },
      ends: bounds && Object.fromEntries([...bounds].map(([partition, { end }]) => [partition, end])),
      answering: handover?.alias.current ?? null,
      lag,
      relay,
      gaps: coverage && coverageGaps(coverage),
      generation: stored && generationOf(stored),
      archive,
      retention,
      quarantined,
      warnings: this.#warnings,
      unknown: this.#unknown,
    };
  }

  /** Reads a value that needs some services. Null if one of them is unavailable or fails. */
  async #attempt<T>(what: string, needs: readonly string[], work: () => Promise<T>): Promise<T | null> {
    const away = needs.filter((name) => !this.#isUp(name));
    try {
      if (away.length === 0) return await work();
      this.#unknown.push(`${what}: ${away.join(' and ')} ${away.length === 1 ? 'is' : 'are'} away`);
    } catch (error) {
      this.#unknown.push(`${what}: ${messageOf(error)}`);
    }
    return null;
  }

  #checkDefinition(): void {
    if (this.#plan === null) {
      this.#warnings.push('its definition is gone from layers/pipelines: add it again, to query or to destroy it');
    } else if (this.#plan.version !== this.#record.version) {
      this.#warnings.push(
        `its definition has changed since it was deployed (now ${this.#plan.version}): ${this.#redeploy}`,
      );
    }
  }

  /** Its definition, or the plan that its deployment stored if that is gone or has changed. */
  async #planOfVersion(): Promise<Plan | null> {
    const { version } = this.#record;
    if (this.#plan?.version === version) return this.#plan;
    const read = async () => (await this.#context.database()).plans.read(version);
    return (await this.#attempt('plan', ['cassandra'], read)) ?? this.#plan;
  }

  get #storage(): StoragePlan {
    return this.#deployedPlan?.storage ?? DEFAULT_STORAGE;
  }

  async #topic(): Promise<TopicDescription | null> {
    const { topic, topicId } = this.#record;
    const described = await this.#describe('topic', topic);
    if (described === null) {
      if (this.#isUp('kafka')) this.#warnings.push(`topic "${topic}" does not exist: ${this.#redeploy}`);
    } else if (described.id !== topicId) this.#warnOfOtherTopic(topic, described.id, topicId);
    return described;
  }

  #describe(what: string, topic: string): Promise<TopicDescription | null> {
    return this.#attempt(what, ['kafka'], async () => (await this.#context.kafkaAdmin()).describeTopic(topic));
  }

  #warnOfOtherTopic(topic: string, idNow: string | null, deployedId: string): void {
    this.#warnings.push(`${whatHappened(topic, idNow)}, and ${deployedId} is deployed: ${this.#redeploy}`);
  }

  #bounds({ partitions }: TopicDescription): Promise<LogBounds | null> {
    return this.#attempt('log', ['kafka'], async () =>
      boundsOf(await this.#context.log(this.#record.topic), partitions),
    );
  }

  /** The lag of the relay, by topic, and a warning for each source that is another topic now. */
  async #relay(): Promise<Readonly<Record<string, number>> | null> {
    const { relayed } = this.#record;
    if (relayed === undefined) return null;
    const lag = await this.#attempt('relay', ['kafka'], async () =>
      Object.fromEntries(await relayLag(this.#context, this.#record)),
    );
    if (!this.#isUp('kafka')) return lag;
    for (const [source, deployedId] of Object.entries(relayed)) {
      const described = await this.#describe(source, source);
      if (described?.id !== deployedId) this.#warnOfOtherTopic(source, described?.id ?? null, deployedId);
    }
    return lag;
  }

  async #handover(): Promise<Handover | null> {
    const handover = await this.#attempt('alias', ['cassandra'], () => readHandover(this.#context, this.#record));
    const pending = handover && handoverWarning(handover);
    if (pending !== null) this.#warnings.push(pending);
    return handover;
  }

  #lag(bounds: LogBounds, coverage: Coverage): Promise<number | null> {
    return this.#attempt('lag', ['kafka'], async () => {
      const log = await this.#context.log(this.#record.topic);
      return lagOf(await withoutTrailingHoles(log, bounds, coverage), coverage);
    });
  }

  /** Warns of data that was published or archived and that the database lacks. */
  async #checkPublications({ pointer, coverage }: StoredViews): Promise<void> {
    await this.#attempt('publications', ['cassandra', 'emulator'], async () => {
      try {
        const published = await publishedOf(this.#context, this.#record, this.#storage);
        await published.check(pointer);
        if (Object.keys(coverage).length === 0) await published.checkNothingCovered();
      } catch (error) {
        if (!(error instanceof ViewLostError)) throw error;
        const { failed, received, remedy } = error.explanation;
        this.#warnings.push(`LOST: ${failed} (${received}); ${remedy}`);
      }
    });
  }

  #archive(bounds: LogBounds): Promise<ArchiveReport | null> {
    return this.#attempt('archive', ['kafka', 'emulator'], async () =>
      archiveReport(this.#context, this.#record, await this.#context.log(this.#record.topic), bounds),
    );
  }

  async #quarantined(): Promise<PipelineReport['quarantined']> {
    // A pipeline with several windows does not answer a query without one.
    const window = this.#deployedPlan?.windows[0]?.name;
    const answer = await this.#attempt('quarantine', ['emulator', 'cassandra'], () =>
      ask(this.#context, this.#record, { limit: 1, ...(window === undefined ? {} : { window }) }),
    );
    return answer?.receipt.quarantined.reasons ?? null;
  }

  async #checkDrift(): Promise<void> {
    const plan = this.#plan;
    if (plan === null) return;
    const drift = await this.#attempt('drift', ['emulator', 'cassandra'], () =>
      driftOfDeployment(this.#context, plan, this.#record),
    );
    if (drift !== null) this.#warnings.push(...driftWarnings(this.#record.pipeline, drift));
  }

  #mapping(): MappingState | null {
    if (!this.#isUp('trigger')) this.#unknown.push('mapping: trigger is away');
    if (this.#trigger === null) return null;
    const mapping = mappingOf(this.#trigger, this.#record);
    if (mapping === null) this.#warnings.push(`no mapping invokes its speed function: ${this.#redeploy}`);
    for (const { groupId, status, reason } of relayMappingsOf(this.#trigger, this.#record)) {
      if (['polling', 'starting'].includes(status)) continue;
      this.#warnings.push(`the relay's mapping ${groupId} is ${status}${reason === null ? '' : `: ${reason}`}`);
    }
    if (mapping?.recordsLostToRetention) {
      this.#warnings.push(
        `${number(mapping.recordsLostToRetention)} records were deleted by the broker before they were consumed`,
      );
    }
    return mapping;
  }
}

function generationOf({ pointer: { generation, current } }: StoredViews): PipelineReport['generation'] {
  return { number: generation, ageMs: current === null ? null : Date.now() - current.publishedAtMs };
}
