import type { CassandraClient } from '@bifold/adapters/cassandra';
import type { RemoteFolder } from '@bifold/adapters/files';
import type { Clock, Column, IdSource, Log, LookupStore, Value } from '@bifold/core/engine';
import type { OutputMode } from './definition/output-mode.ts';

/** The external services of a run. Nothing is connected before a source or a sink needs it. */
export interface Ports {
  readonly clock: Clock;
  readonly newId: IdSource;
  /** Resolves at this time, or when the run is to end. Epoch milliseconds. */
  waitUntil(timeMs: number): Promise<void>;
  topics(): Promise<Topics>;
  /** Writes to Kafka, transaction by transaction, with a transactional id. */
  producer(transactionalId: string): Promise<BatchProducer>;
  cassandra(): Promise<CassandraClient>;
  lookups(): Promise<LookupStore>;
  /** A folder of HDFS or S3, by its address. */
  folder(address: string): Promise<RemoteFolder>;
  /** Shows a batch, for the console sink. */
  show(batch: Batch, how: Shown): void;
}

/** The limits of the console sink. */
export interface Shown {
  readonly rows: number;
  /** The length to which longer texts are cut; false shows them whole. */
  readonly truncate: number | false;
}

export type OffsetMark = 'earliest' | 'latest' | { readonly timestampMs: number };

export interface Topics {
  /** The topics that are not Kafka's own. */
  names(): Promise<readonly string[]>;
  /** The offset of each partition. A time means the first record at or after it, or the end. */
  offsets(topic: string, mark: OffsetMark): Promise<ReadonlyMap<number, number>>;
  log(topic: string): Promise<Log>;
}

export interface OutgoingMessage {
  readonly key: string | null;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface BatchProducer {
  /** The number of the last batch that was written to a topic under this name, or -1. */
  lastBatch(topic: string): Promise<number>;
  /** Returns a function that tells why the topic can never take a message, or null if it can. */
  messageCheck(topic: string): Promise<(message: OutgoingMessage) => string | null>;
  /** Sends all messages and the number of their batch in one transaction. */
  send(topic: string, batch: number, messages: readonly OutgoingMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** The batch that every sink receives. */
export interface Batch {
  readonly stream: string;
  /** The id of the checkpoint. Batch numbers are unique only within a checkpoint. */
  readonly checkpoint: string;
  readonly number: number;
  readonly mode: OutputMode;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Value[])[];
}
