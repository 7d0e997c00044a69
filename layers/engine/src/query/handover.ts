import {
  type AliasStore,
  announced,
  type Coverage,
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
  switchedTo,
  unionOf,
  type ViewAlias,
} from '@bifold/core';
import type { QueryPorts } from './ports.ts';
import { newSnapshot, snapshotFromSeal } from './read-snapshot.ts';

/** What a handover needs of one version. */
type VersionPorts = Pick<QueryPorts, 'store' | 'batch'>;

export interface HandoverPorts {
  readonly aliases: AliasStore;
  readonly plans: PlanStore;
  readonly portsOf: (plan: Plan, scope: Scope) => VersionPorts;
}

const TRIES = 20;

/**
 * Says that `plan` was deployed: its version answers next, or at once where no version answers yet.
 * Its plan is stored first, so that an alias never names a version whose plan is not known.
 */
export function announceVersion(plan: Plan, ports: Pick<HandoverPorts, 'aliases' | 'plans'>): Promise<ViewAlias> {
  return moveTo(plan, ports, announced, isAnnounced);
}

/**
 * Has the version of `plan` answer from now on, also where it covers less than the one before it:
 * for an operator who accepts that.
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
    // Also where the alias names it: a database that was emptied in between may have lost the plan
    // alone.
    await plans.write(plan);
    if (alias !== null && isMoved(alias, plan.version)) return alias;
    const next = alias === null ? firstAlias(plan.version) : moved(alias, plan.version);
    if (await aliases.move(alias, next)) return next;
  }
  throw contested(plan.version);
}

/**
 * One step of a handover, where one is due: seals the version that answers, seals it anew when its
 * sealed run is no longer kept, or moves the alias when the next version covers what is sealed.
 * @returns true when the alias is another one now, whoever moved it: it must be read again
 */
export async function advanceHandover(
  alias: ViewAlias,
  topicId: string,
  { aliases, plans, portsOf }: HandoverPorts,
): Promise<boolean> {
  const { current, next, sealed } = alias;
  if (next === null) return false;
  const before = await planOf(current, plans);
  const ports = portsOf(before, { version: current, topicId });
  const pointer = await ports.batch.readPointer('quorum');
  const snapshot = sealed && snapshotFromSeal(before, { snapshot: true }, sealed, pointer);
  if (sealed === null || snapshot === null) {
    const readSnapshot = await newSnapshot(before, { snapshot: false }, pointer, ports);
    await aliases.move(alias, sealedAt(alias, sealSnapshot(readSnapshot)));
    return true;
  }
  const after = await coverageOfVersion(next, topicId, { plans, portsOf });
  if (!mayTakeOver(after, { plain: sealed.coverage, snapshot: snapshot.coverage })) return false;
  await aliases.move(alias, handedOver(alias));
  return true;
}

/**
 * The offsets that the next version must still cover to take over, as a plain answer or as a
 * snapshot. A version with larger segments may have folded them already: a snapshot holds whole
 * segments only, and the last one may wait for records.
 */
export async function missingOfNext(
  { current, next, sealed }: Pick<ViewAlias, 'current'> & { readonly next: string; readonly sealed: SealedSnapshot },
  topicId: string,
  { plans, portsOf }: Omit<HandoverPorts, 'aliases'>,
): Promise<Coverage> {
  const before = await planOf(current, plans);
  const pointer = await portsOf(before, { version: current, topicId }).batch.readPointer('quorum');
  const snapshot = snapshotFromSeal(before, { snapshot: true }, sealed, pointer);
  const after = await coverageOfVersion(next, topicId, { plans, portsOf });
  return unionOf([missingOf(after.plain, sealed.coverage), missingOf(after.snapshot, snapshot?.coverage ?? {})]);
}

async function coverageOfVersion(
  version: string,
  topicId: string,
  { plans, portsOf }: Omit<HandoverPorts, 'aliases'>,
): Promise<{ readonly plain: Coverage; readonly snapshot: Coverage }> {
  const plan = await planOf(version, plans);
  const ports = portsOf(plan, { version, topicId });
  const pointer = await ports.batch.readPointer('quorum');
  const [plain, snapshot] = await Promise.all(
    [false, true].map((each) => newSnapshot(plan, { snapshot: each }, pointer, ports)),
  );
  return { plain: plain?.coverage ?? {}, snapshot: snapshot?.coverage ?? {} };
}

/** @throws {ProtocolError} when the version was never deployed here */
export async function planOf(version: string, plans: Pick<PlanStore, 'read'>): Promise<Plan> {
  const plan = await plans.read(version);
  if (plan !== null) return plan;
  throw new ProtocolError('BIFOLD_PLAN_MISSING', {
    failed: `version ${version} cannot answer`,
    received: 'no stored plan of it',
    allowed: 'the plan that its deployment stored',
    remedy: 'deploy that version again, from the definition that it was made of',
  });
}

function contested(version: string): ProtocolError {
  return new ProtocolError('BIFOLD_ALIAS_CONTESTED', {
    failed: `version ${version} cannot be announced`,
    received: `${TRIES} attempts that others were faster than`,
    allowed: 'one deployment of a pipeline at a time',
    remedy: 'deploy again when no other deployment runs',
  });
}
