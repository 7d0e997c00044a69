import type {
  AliasStore,
  Answer,
  ArchiveStore,
  BatchStore,
  BindingArchive,
  BindingStore,
  Fold,
  Log,
  LogRecord,
  OperatorStateStore,
  PublicationStore,
  Scope,
  SpeedStore,
} from '@bifold/core/engine';
import type { WarmState } from '@bifold/engine';
import type { bucket, Stage } from '../ports/index.ts';

export type Role = 'announce' | 'relay' | 'speed' | 'archive' | 'recompute' | 'sweep' | 'query' | 'restore';
type SimulatedBucket = ReturnType<typeof bucket>;

/**
 * A reading of the rules that breaks one of them, at a seam of the code. Every hook replaces what
 * the code would have got there.
 */
export interface Sabotage {
  readonly name: string;
  readonly rule: number;
  readonly breaks: string;
  readonly scope?: (scope: Scope) => Scope;
  readonly fold?: (fold: Fold) => Fold;
  readonly speed?: (store: SpeedStore, role: Role, stage: Stage, scope: Scope) => SpeedStore;
  readonly batch?: (store: BatchStore, role: Role) => BatchStore;
  readonly operatorState?: (store: OperatorStateStore, role: Role, stage: Stage, scope: Scope) => OperatorStateStore;
  /** A relay acknowledges a delivery before it is copied. */
  readonly relayedEarly?: true;
  /** No catch-up request is sent when a cut has passed a loss. */
  readonly notResumed?: true;
  readonly bindings?: (store: BindingStore) => BindingStore;
  readonly bindingArchive?: (archive: BindingArchive) => BindingArchive;
  readonly publications?: (store: PublicationStore, role: Role) => PublicationStore;
  readonly aliases?: (store: AliasStore, role: Role, stage: Stage, scope: Scope) => AliasStore;
  readonly log?: (log: Log, role: Role, scope: Scope) => Log;
  readonly archive?: (archive: ArchiveStore, stage: Stage) => ArchiveStore;
  readonly bucket?: (store: SimulatedBucket) => SimulatedBucket;
  readonly delivery?: (
    delivery: ReadonlyMap<number, readonly LogRecord[]>,
    warm: WarmState,
  ) => ReadonlyMap<number, readonly LogRecord[]>;
  readonly warm?: (cold: WarmState) => WarmState;
  readonly runId?: (fresh: string) => string;
  readonly answer?: (answer: Answer) => Answer;
  readonly readRepair?: false;
  readonly sharedGroup?: true;
  readonly sharedWarmth?: true;
}
