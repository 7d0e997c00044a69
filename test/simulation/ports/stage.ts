import type { MemoryDatabase, MemoryLog } from '@bifold/adapters/memory';
import type { ModelPointers } from '@bifold/adapters/model';
import type { ArchivedBinding, Pointer, SegmentSize, TableColumn } from '@bifold/core/engine';
import type { Scheduler } from '../world/scheduler.ts';
import type { LocalFiles } from './engine.ts';

/**
 * The error of a call without an acknowledgement: it may have had its effect, or may have it later,
 * or never.
 */
export class NoAnswer extends Error {}

export interface StoredObject {
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
  /** The publications recorded in the archive, by scope and generation. */
  readonly publications: Map<string, Map<number, Pointer>>;
  /** Bindings in the archive, by scope. */
  readonly bindings: Map<string, Map<string, ArchivedBinding>>;
  readonly log: MemoryLog;
  /** `model.json` of each version, by name and version; pointers beside them. */
  readonly models: { readonly files: Map<string, Uint8Array>; readonly pointers: ModelPointers };
  /** The current probability that a call gets no acknowledgement. */
  readonly timeouts: () => number;
  /** Too few replicas are alive for a plain write, now: it is refused, and applies nowhere. */
  readonly isUnavailable: () => boolean;
  readonly readRepair: boolean;
  /** The segment size of all deployments of the run. */
  readonly segmentSize: SegmentSize;
}
