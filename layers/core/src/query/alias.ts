import { ProtocolError } from '../errors.ts';
import type { ViewAlias } from '../ports/alias-store.ts';
import type { Coverage } from './coverage.ts';
import { coversAll } from './coverage.ts';
import type { SealedSnapshot } from './read-snapshot.ts';

/**
 * The first alias of a view over this topic. It names its version at once, because there is no
 * previous answer to fall behind.
 */
export function firstAlias(version: string): ViewAlias {
  return { generation: 1, current: version, previous: null, next: null, sealed: null };
}

/**
 * The alias after a deployment of `version`: that version is to answer next. The version that
 * answers now is sealed before it is asked again. Deploying the version that answers ends a
 * handover.
 */
export function announced(alias: ViewAlias, version: string): ViewAlias {
  const isCurrent = version === alias.current;
  const generation = alias.generation + 1;
  return { ...alias, generation, next: isCurrent ? null : version, sealed: isCurrent ? null : alias.sealed };
}

/** Whether a deployment of `version` changes nothing. */
export function isAnnounced({ current, next }: ViewAlias, version: string): boolean {
  return (next ?? current) === version;
}

/**
 * The alias with the read snapshot from which its current version answers until the next one covers
 * as much.
 */
export function sealedAt(alias: ViewAlias, sealed: SealedSnapshot): ViewAlias {
  return { ...alias, generation: alias.generation + 1, sealed };
}

/**
 * The alias after the next version took over. @throws {ProtocolError} when there is no handover, or
 * nothing was sealed
 */
export function handedOver({ generation, current, next, sealed }: ViewAlias): ViewAlias {
  if (next === null || sealed === null)
    throw new ProtocolError('BIFOLD_NO_HANDOVER', {
      failed: 'an alias cannot move',
      received: next === null ? `${current}, which no version is to follow` : `${current}, which is not sealed`,
      allowed: 'a version that is to follow, and the sealed read snapshot that it covers',
      remedy: 'read the alias again',
    });
  return { generation: generation + 1, current: next, previous: current, next: null, sealed: null };
}

/** The alias after an operator chose the version that answers, regardless of its coverage. */
export function switchedTo({ generation, current, previous }: ViewAlias, version: string): ViewAlias {
  const isCurrent = version === current;
  return {
    generation: generation + 1,
    current: version,
    previous: isCurrent ? previous : current,
    next: null,
    sealed: null,
  };
}

/** The offsets that a version covers: in a plain answer, and in a `snapshot` answer. */
export interface CoveredOffsets {
  readonly plain: Coverage;
  readonly snapshot: Coverage;
}

/**
 * Rule 3: a version takes over when it covers every offset that the previous version covers, both
 * for plain queries and for `snapshot` queries.
 */
export function mayTakeOver(next: CoveredOffsets, before: CoveredOffsets): boolean {
  return coversAll(next.plain, before.plain) && coversAll(next.snapshot, before.snapshot);
}

/** Reads a stored alias. @throws {ProtocolError} if the text is not an alias */
export function readAliasState(generation: number, state: string): ViewAlias {
  let parsed: Partial<Record<keyof ViewAlias, unknown>> | null = null;
  try {
    parsed = JSON.parse(state);
  } catch {
    // Refused below, like every other text that is no alias.
  }
  const { current, previous, next, sealed } = parsed ?? {};
  const isVersion = (value: unknown): value is string | null => value === null || typeof value === 'string';
  if (typeof current === 'string' && isVersion(previous) && isVersion(next) && isSealedOrNull(sealed))
    return { generation, current, previous, next, sealed };
  throw new ProtocolError('BIFOLD_ALIAS_UNREADABLE', {
    failed: 'which version of a view answers cannot be read',
    received: state.slice(0, 200),
    allowed: 'the current, the previous and the next version, and the sealed read snapshot',
    remedy: 'use the version of the code that wrote it',
  });
}

function isSealedOrNull(value: unknown): value is SealedSnapshot | null {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const { generation, run, coverage, batchBelow } = value as Partial<Record<keyof SealedSnapshot, unknown>>;
  const isObject = (each: unknown): boolean => typeof each === 'object' && each !== null;
  const hasRun = run === null || typeof run === 'string';
  return Number.isSafeInteger(generation) && hasRun && isObject(coverage) && isObject(batchBelow);
}
