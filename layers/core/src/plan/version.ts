import { createHash } from 'node:crypto';
import { ProtocolError } from '../errors.ts';
import type { Plan } from './plan.ts';

/**
 * Increase this when the format of stored bytes changes. It is part of every version hash, so rows
 * of an older format are never misread.
 */
const STORAGE_FORMAT = 3;

/** JSON with sorted keys, so that equal data has equal text. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  entries.sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
}

/** The version of a plan: its name, and 48 bits of the SHA-256 of its canonical JSON. */
export function versionOf(plan: Omit<Plan, 'version'>): string {
  const hash = createHash('sha256')
    .update(canonicalJson({ ...plan, format: STORAGE_FORMAT }))
    .digest('hex');
  return `${plan.name}-${hash.slice(0, 12)}`;
}

/**
 * Reads the stored plan of a version.
 *
 * @throws {ProtocolError} when it is not the plan of that version
 */
export function readPlan(version: string, text: string): Plan {
  let plan: Plan | null = null;
  try {
    plan = JSON.parse(text) as Plan;
  } catch {
    // Refused below, like every other text that is not a plan.
  }
  const { version: named, ...meaning } = plan ?? ({} as Plan);
  if (plan !== null && named === version && versionOf(meaning) === version) return deepFreeze(plan);
  throw new ProtocolError('BIFOLD_PLAN_UNREADABLE', {
    failed: `the stored plan of ${version} cannot be used`,
    received: plan === null ? text.slice(0, 200) : `a plan whose version would be ${versionOf(meaning)} here`,
    allowed: 'a plan whose hash is its version, in the storage format of this code',
    remedy: 'deploy the version of the code that wrote it, or wait until the new version has taken over',
  });
}

/** Freezes plain data deeply, including the parts of frozen values. */
export function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const entry of Object.values(value)) deepFreeze(entry);
    Object.freeze(value);
  }
  return value;
}
