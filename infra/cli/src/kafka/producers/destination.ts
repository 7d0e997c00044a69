import type { Pipeline, Topic } from '@bifold/core';
import { type Column, columnsOf, optionalFieldsOf, type Plan } from '@bifold/core/engine';
import { UsageError } from '../../errors.ts';

/** The topic that records are sent to, as the pipelines of the project declare it. */
export interface Destination {
  readonly topic: string;
  /** The pipeline whose log it is. Null if it is none, or only a source of relays. */
  readonly log: Plan | null;
  /** The columns of a declared topic. Null if no pipeline reads the topic. */
  readonly columns: readonly Column[] | null;
  /** Fields that a record may omit. */
  readonly optional: ReadonlySet<string>;
  /** The field whose text is the key. Null for none. */
  readonly keyField: string | null;
  /** Whether `keyField` is declared, so that a record without it is one of the pipeline too. */
  readonly isKeyDeclared: boolean;
  /** Consequences of the key for pipelines that partition the topic by another field. */
  readonly warnings: readonly string[];
}

/** A pipeline that reads a topic, as its log or as a source of its relay. */
interface Reader {
  readonly plan: Plan;
  readonly declared: Topic<unknown>;
}

/**
 * Finds the topic of a name, and the key of its records: the field that `--key` names, or the
 * `partitionBy` of the definitions.
 *
 * @param target the name of a topic, or of a pipeline that reads it
 * @param key the field that `--key` names. Null if it is not given
 * @throws {UsageError} for the log of a relay, for pipelines that disagree about the key, and for a
 * key that no pipeline of the log declares
 */
export function destinationOf(pipelines: readonly Pipeline[], target: string, key: string | null): Destination {
  const named = pipelines.find(({ plan }) => plan.name === target);
  const ofLog = named ?? pipelines.find(({ plan }) => plan.topic === target);
  if (ofLog?.plan.relay !== undefined) throw isRelayed(ofLog.plan, target);
  const topic = named?.plan.topic ?? target;
  const readers = pipelines
    .flatMap(({ plan, topics }) => topics.map((declared): Reader => ({ plan, declared })))
    .filter(({ declared }) => declared.name === topic)
    .sort((left, right) => Number(right.plan === named?.plan) - Number(left.plan === named?.plan));
  const [first] = readers;
  const log = readers.find(({ plan }) => plan.relay === undefined)?.plan ?? null;
  const declaredKeys = new Set(readers.map(({ declared }) => declared.partitionBy));
  if (key !== null && log !== null && !declaredKeys.has(key)) throw otherKey(topic, key, readers);
  if (key === null && named === undefined && declaredKeys.size > 1) throw severalKeys(topic, readers);
  const keyField = key ?? first?.declared.partitionBy ?? null;
  return {
    topic,
    log,
    columns: first === undefined ? null : columnsOf(`topic "${topic}"`, first.declared.schema),
    optional: first === undefined ? new Set() : optionalFieldsOf(`topic "${topic}"`, first.declared.schema),
    keyField,
    isKeyDeclared: keyField !== null && declaredKeys.has(keyField),
    warnings: readers.filter(({ declared }) => declared.partitionBy !== keyField).map(otherPartitions),
  };
}

function otherPartitions({ plan, declared: { name, partitionBy } }: Reader): string {
  const consequence =
    plan.relay === undefined
      ? 'they have no common order there, and it does not find duplicates among them'
      : 'its relay reads them in no common order';
  return `pipeline "${plan.name}" partitions topic "${name}" by "${partitionBy}": records of one "${partitionBy}" go to several partitions, so ${consequence}`;
}

/** Refuses the log of a relay: it holds only records that the relay copied. */
function isRelayed({ name, topic, relay }: Plan, target: string): UsageError {
  const sources = relay?.sources.map((source) => source.topic) ?? [];
  return new UsageError('BIFOLD_RELAYED_LOG', {
    failed: `records are not sent to the log of pipeline "${name}": its relay alone writes it`,
    received: target === topic ? `topic "${topic}"` : `"${target}", which reads topic "${topic}"`,
    allowed: sources.join(', '),
    remedy: `npx bifold produce ${sources[0]} --file FILE`,
  });
}

/**
 * Refuses another key than the pipelines declare: it puts related records into several partitions.
 */
function otherKey(topic: string, key: string, readers: readonly Reader[]): UsageError {
  return new UsageError('BIFOLD_OTHER_KEY', {
    failed: `records of topic "${topic}" cannot have "${key}" as their key`,
    received: `--key ${key}`,
    allowed: `the field by which the topic is partitioned: ${keysOf(readers).join(', ')}`,
    remedy: 'leave --key out',
  });
}

function severalKeys(topic: string, readers: readonly Reader[]): UsageError {
  return new UsageError('BIFOLD_KEYS_DISAGREE', {
    failed: `the key of records in topic "${topic}" is not certain: its pipelines partition it by different fields`,
    received: keysOf(readers).join(', '),
    allowed: 'one key for all pipelines that read a topic',
    remedy: `choose with --key ${readers[0]?.declared.partitionBy}, or give the definitions one partitionBy`,
  });
}

const keysOf = (readers: readonly Reader[]): readonly string[] =>
  readers.map(({ plan, declared }) => `"${declared.partitionBy}" (pipeline "${plan.name}")`);
