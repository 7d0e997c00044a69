import {
  type AliasStore,
  announced,
  type Coverage,
  type CoveredOffsets,
  firstAlias,
  handedOver,
  isAnnounced,
  mayTakeOver,
  missingOf,
  type Plan,
  type PlanStore,
  ProtocolError,
  type Scope,
  type SealedSnapshot,
  sealedAt,
  sealSnapshot,
  snapshotOf,
  switchedTo,
  unionOf,
  type ViewAlias,
} from '@bifold/core/engine';
import type { QueryPorts } from './ports.ts';
import { newSnapshot, snapshotFromSeal } from './read-snapshot.ts';

/** The stores of one version that a handover reads. */
type VersionPorts = Pick<QueryPorts, 'store' | 'batch'>;

export interface HandoverPorts {
  readonly aliases: AliasStore;
  readonly plans: PlanStore;
  readonly portsOf: (plan: Plan, scope: Scope) => VersionPorts;
}

const TRIES = 20;

/**
 * Records the deployment of `plan`. Its version answers next, or at once if no version answers yet.
 * Its plan is stored first, so that an alias never names a version whose plan is not known.
 */
export function announceVersion(plan: Plan, ports: Pick<HandoverPorts, 'aliases' | 'plans'>): Promise<ViewAlias> {
  return moveTo(plan, ports, announced, isAnnounced);
}

/**
 * Makes the version of `plan` answer at once, even if it covers less than the previous one. Only an
 * operator may request that.
 */
export function switchToVersion(plan: Plan, ports: Pick<HandoverPorts, 'aliases' | 'plans'>): Promise<ViewAlias> {
  const isDone = ({ current, next }: ViewAlias, version: string) => current === version && next === null;
  return moveTo(plan, ports, switchedTo, isDone);
}

async function moveTo(
  plan: Plan,
  { aliases, plans }: Pick<HandoverPorts, 'aliases' | 'plans'>,
  moved: (alias: ViewAlias, version: string) => ViewAlias,
  isMoved: (alias: ViewAlias, version: string) => boolean,
): Promise<ViewAlias> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const alias = await aliases.read();
    // Write the plan even if the alias names it already. A database that was emptied in between may
    // have lost only the plan.
    await plans.write(plan);
    if (alias !== null && isMoved(alias, plan.version)) return alias;
    const next = alias === null ? firstAlias(plan.version) : moved(alias, plan.version);
    if (await aliases.move(alias, next)) return next;
  }
  throw contested(plan.version);
}

/**
 * One step of a handover, if one is due. It seals the version that answers, seals it again if its
 * sealed run is no longer kept, or moves the alias if the next version covers the sealed offsets.
 * @returns true if the alias has moved, by any writer: it must be read again
 */
export async function advanceHandover(
  alias: ViewAlias,
  topicId: string,
  { aliases, plans, portsOf }: HandoverPorts,
): Promise<boolean> {
  const { next } = alias;
  if (next === null) return false;
  const { plan, ports, pointer, covered } = await answeringVersion(alias, topicId, { plans, portsOf });
  if (covered === null) {
    const readSnapshot = await newSnapshot(plan, { snapshot: false }, pointer, ports);
    await aliases.move(alias, sealedAt(alias, sealSnapshot(readSnapshot)));
    return true;
  }
  if (!mayTakeOver(await coverageOfVersion(next, topicId, { plans, portsOf }), covered)) return false;
  await aliases.move(alias, handedOver(alias));
  return true;
}

/**
 * The offsets that the next version must still cover to take over, as a plain answer or as a
 * snapshot. A version with larger segments may have folded them already: a snapshot holds whole
 * segments only, and the last one may wait for records.
 */
export async function missingOfNext(
  alias: Pick<ViewAlias, 'current'> & { readonly next: string; readonly sealed: SealedSnapshot },
  topicId: string,
  ports: Omit<HandoverPorts, 'aliases'>,
): Promise<Coverage> {
  const { covered } = await answeringVersion(alias, topicId, ports);
  const after = await coverageOfVersion(alias.next, topicId, ports);
  return unionOf([missingOf(after.plain, alias.sealed.coverage), missingOf(after.snapshot, covered?.snapshot ?? {})]);
}

/**
 * The state of the version that answers. `covered` is null before it is sealed, and when its sealed
 * run is no longer kept.
 */
async function answeringVersion(
  { current, sealed }: Pick<ViewAlias, 'current' | 'sealed'>,
  topicId: string,
  { plans, portsOf }: Omit<HandoverPorts, 'aliases'>,
) {
  const plan = await planOf(current, plans);
  const ports = portsOf(plan, { version: current, topicId });
  const pointer = await ports.batch.readPointer('quorum');
  const snapshot = sealed && snapshotFromSeal(plan, { snapshot: true }, sealed, pointer);
  const covered: CoveredOffsets | null = sealed && snapshot && { plain: sealed.coverage, snapshot: snapshot.coverage };
  return { plan, ports, pointer, covered };
}

async function coverageOfVersion(
  version: string,
  topicId: string,
  { plans, portsOf }: Omit<HandoverPorts, 'aliases'>,
): Promise<CoveredOffsets> {
  const plan = await planOf(version, plans);
  const ports = portsOf(plan, { version, topicId });
  const pointer = await ports.batch.readPointer('quorum');
  const plain = await newSnapshot(plan, { snapshot: false }, pointer, ports);
  const snapshot = snapshotOf(sealSnapshot(plain), pointer.current, plan.storage.segmentSize);
  return { plain: plain.coverage, snapshot: snapshot.coverage };
}

/** @throws {ProtocolError} when the version was never deployed here */
export async function planOf(version: string, plans: Pick<PlanStore, 'read'>): Promise<Plan> {
  const plan = await plans.read(version);
  if (plan !== null) return plan;
  throw new ProtocolError('BIFOLD_PLAN_MISSING', {
    failed: `version ${version} cannot answer`,
    received: 'no stored plan',
    allowed: 'the plan that its deployment stored',
    remedy: 'deploy that version again, from the same definition',
  });
}

function contested(version: string): ProtocolError {
  return new ProtocolError('BIFOLD_ALIAS_CONTESTED', {
    failed: `version ${version} cannot be set as the next version`,
    received: `${TRIES} attempts, each lost to a concurrent writer`,
    allowed: 'one deployment of a pipeline at a time',
    remedy: 'deploy again when no other deployment runs',
  });
}
