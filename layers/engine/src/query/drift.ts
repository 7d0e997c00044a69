import { type AnswerRow, type ModelRegistry, type Plan, positionOfRow } from '@bifold/core/engine';
import {
  type DriftReport,
  driftOf,
  driftPlanOf,
  MODEL_LIMITS,
  readModel,
  type Thresholds,
} from '@bifold/models/engine';

/** A query of a drift view, in the parameters of the query API. */
export interface DriftQuery {
  readonly window: string;
  readonly keys: readonly Readonly<Record<string, string>>[];
  readonly from?: string;
  readonly to?: string;
  readonly total?: true;
}

export interface DriftPorts {
  readonly registry: Pick<ModelRegistry, 'readPointer' | 'read'>;
  /** Returns all rows of an answer. */
  readonly ask: (query: DriftQuery) => Promise<readonly AnswerRow[]>;
}

export interface DriftOptions {
  /** The version of the model. Default: the current one. */
  readonly version?: string;
  /** The window of the view. Default: the first one with a beginning and an end. */
  readonly window?: string;
  /**
   * Start of a range whose windows are combined. Without a range, only the newest window is used.
   */
  readonly from?: string;
  readonly to?: string;
  readonly thresholds?: Thresholds;
}

/** The reason why there is nothing to compare. */
export type NoDrift = 'no-version' | 'nothing-scored' | 'no-distributions';

export interface Drift {
  readonly model: string;
  readonly version: string | null;
  readonly report: DriftReport | null;
  /** Null if there is a report. */
  readonly reason: NoDrift | null;
}

/**
 * The latest scores of a version, or those of a range, compared with its training data. Null if the
 * plan is not a drift pipeline.
 */
export async function latestDrift(
  plan: Plan,
  { registry, ask }: DriftPorts,
  { version: named, window, from, to, thresholds }: DriftOptions = {},
): Promise<Drift | null> {
  const drift = driftPlanOf(plan);
  if (drift === null) return null;
  const { model } = drift;
  const version = named ?? (await registry.readPointer(model)).current;
  const without = (reason: NoDrift): Drift => ({ model, version, report: null, reason });
  if (version === null) return without('no-version');
  const isRange = from !== undefined || to !== undefined;
  const rows = await ask({
    window: window ?? (plan.windows.find(({ kind }) => kind !== 'running') ?? (plan.windows[0] as never)).name,
    keys: [{ [drift.version]: version }],
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(isRange ? { total: true } : {}),
  });
  const [row] = rows.toSorted((left, right) => positionOfRow(plan, right).startMs - positionOfRow(plan, left).startMs);
  if (row === undefined) return without('nothing-scored');
  const bytes = await registry.read(model, version, 'model.json', MODEL_LIMITS.sizeBytes);
  const file = bytes === null ? null : readModel(bytes, model, version);
  if (file?.distributions === undefined) return without('no-distributions');
  return { model, version, report: driftOf(drift, row, file, thresholds), reason: null };
}
