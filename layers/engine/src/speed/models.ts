import {
  type BindingStore,
  bindingNameOf,
  ModelError,
  type ModelPlan,
  type ModelRegistry,
  type Plan,
  ProtocolError,
  slotIndex,
} from '@bifold/core/engine';
import { type FittedModel, fitModel, MODEL_LIMITS, readModel } from '@bifold/models/engine';
import { bindSegments, type WarmBindings } from './bindings.ts';

/** The binding of a segment that has no version of the model. Its score columns are null. */
export const NO_VERSION = 'none';

const CACHED_VERSIONS = 6;

/** A version that failed to load, and the version used instead; null if there is none. */
export interface RefusedVersion {
  readonly model: string;
  readonly version: string;
  readonly error: ModelError;
  readonly used: string | null;
}

export interface ModelPorts {
  readonly bindings: BindingStore;
  /** Absent if the pipeline scores nothing. */
  readonly models?: ModelRegistry;
  readonly onRefused?: (refused: RefusedVersion) => void;
}

/**
 * The cached models of a warm function, within one scope: loaded versions, bindings, and the last
 * usable version. Versions and bindings never change.
 */
export interface WarmModels {
  readonly fitted: Map<string, FittedModel>;
  readonly bindings: WarmBindings;
  readonly good: Map<string, string>;
}

export function coldModels(): WarmModels {
  return { fitted: new Map(), bindings: new Map(), good: new Map() };
}

/**
 * Rule 13: the model versions that each of these segments is bound to. Binds segments that are not
 * bound yet.
 */
export async function bindModels(
  plan: Plan,
  partition: number,
  segments: Iterable<number>,
  ports: ModelPorts,
  warm: WarmModels,
): Promise<ReadonlyMap<number, readonly (FittedModel | null)[]>> {
  const models = plan.models ?? [];
  const bound = new Map<number, readonly (FittedModel | null)[]>();
  if (models.length === 0) return bound;
  const wanted = [...segments];
  const bindables = models.map((model) => ({
    name: bindingNameOf(model),
    candidate: () => candidate(plan, model, ports, warm),
  }));
  const versionOf = await bindSegments(partition, wanted, bindables, ports.bindings, warm.bindings);
  // Sequential, so that each new version is loaded only once.
  for (const segment of wanted) {
    const fitted: (FittedModel | null)[] = [];
    for (const model of models) {
      const version = versionOf(segment, bindingNameOf(model));
      fitted.push(version === NO_VERSION ? null : await fittedVersion(plan, model, version, ports, warm));
    }
    bound.set(segment, fitted);
  }
  return bound;
}

/**
 * The version to bind a segment to: the current one. If it cannot be loaded, the last version that
 * this process loaded, then the previous one of the registry.
 */
async function candidate(plan: Plan, model: ModelPlan, ports: ModelPorts, warm: WarmModels): Promise<string> {
  const id = bindingNameOf(model);
  const { current, previous, challenger } = await registryOf(plan, ports).readPointer(model.name);
  const wanted = model.shadow ? [challenger] : [current, warm.good.get(id) ?? null, previous];
  const refused: Omit<RefusedVersion, 'used'>[] = [];
  let used: string | null = null;
  for (const version of new Set(wanted)) {
    if (version === null) continue;
    try {
      await fittedVersion(plan, model, version, ports, warm);
      used = version;
      break;
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      refused.push({ model: model.name, version, error });
    }
  }
  for (const each of refused) ports.onRefused?.({ ...each, used });
  if (used !== null) {
    warm.good.set(id, used);
    return used;
  }
  if (model.missing === 'null') return NO_VERSION;
  throw new ProtocolError('BIFOLD_MODEL_WITHOUT_VERSION', {
    failed: `records cannot be folded: model "${model.name}" has no version that pipeline "${plan.name}" can use`,
    received: refused[0]?.error.message ?? `no ${model.shadow ? 'challenger' : 'current version'}`,
    allowed: "a version, or model('...', { missing: 'null' }), which gives null scores until there is one",
    remedy: `train and promote it: npx bifold model promote ${model.name}; the records wait and are retried`,
  });
}

async function fittedVersion(
  plan: Plan,
  model: ModelPlan,
  version: string,
  ports: ModelPorts,
  warm: WarmModels,
): Promise<FittedModel> {
  const id = `${bindingNameOf(model)}|${version}`;
  const known = warm.fitted.get(id);
  if (known !== undefined) return known;
  const fitted = await loadModel(plan, model, version, registryOf(plan, ports));
  if (warm.fitted.size >= CACHED_VERSIONS) {
    const [oldest] = warm.fitted.keys();
    warm.fitted.delete(oldest as string);
  }
  warm.fitted.set(id, fitted);
  return fitted;
}

/**
 * Loads a version from the registry, and compiles it for the columns of the pipeline.
 *
 * @throws {ModelError} when it is missing, damaged, too large, or made for something else
 */
export async function loadModel(
  plan: Plan,
  model: ModelPlan,
  version: string,
  registry: ModelRegistry,
): Promise<FittedModel> {
  const bytes = await registry.read(model.name, version, 'model.json', MODEL_LIMITS.sizeBytes);
  if (bytes === null)
    throw new ModelError('BIFOLD_MODEL_MISSING', {
      failed: `version "${version}" of model "${model.name}" cannot be loaded`,
      received: 'no such version in the registry',
      allowed: 'a complete version',
      remedy: `restore it, or promote another one: npx bifold model list ${model.name}`,
    });
  const slots = slotIndex(plan);
  return fitModel(plan, model, readModel(bytes, model.name, version), (field) => slots.get(field) as number);
}

function registryOf(plan: Plan, { models }: ModelPorts): ModelRegistry {
  if (models !== undefined) return models;
  throw new ProtocolError('BIFOLD_NO_REGISTRY', {
    failed: `pipeline "${plan.name}" has scores, but its function has no model registry`,
    received: 'no registry',
    allowed: 'a bucket for models in the settings of the function',
    remedy: 'deploy it again',
  });
}
