import type { GrowingSize, SegmentSize, StoragePlan } from '../plan/storage.ts';
import { refuse } from './scope.ts';

/**
 * Segment sizes grow with the offset (decision 34). So a short log has complete segments, and a
 * long log has few segments.
 */
const DEFAULT_STORAGE: StoragePlan = { segmentSize: { least: 64, most: 4096, share: 16 }, buckets: 4 };

const SEGMENT_LEAST = 16;
const SEGMENT_MOST = 131_072;
const SHARE_MOST = 64;
const BUCKETS_MOST = 256;

export function planStorage(where: string, storage: Partial<StoragePlan>): StoragePlan {
  const planned = { ...DEFAULT_STORAGE, ...storage };
  for (const option of Object.keys(storage)) {
    if (!Object.hasOwn(DEFAULT_STORAGE, option))
      refuse('BIFOLD_UNKNOWN_OPTION', {
        failed: `${where} has an option in storage that does not exist`,
        received: `"${option}"`,
        allowed: Object.keys(DEFAULT_STORAGE).join(', '),
        remedy: 'remove or rename it',
      });
  }
  const bad = (name: keyof StoragePlan, allowed: string): never =>
    refuse('BIFOLD_BAD_STORAGE', {
      failed: `${where} has a storage.${name} out of range`,
      received: JSON.stringify(planned[name]) ?? String(planned[name]),
      allowed,
      remedy: 'choose one in that range',
    });
  const range = `from ${SEGMENT_LEAST} to ${SEGMENT_MOST}`;
  if (!isSegmentSize(planned.segmentSize))
    bad(
      'segmentSize',
      `a whole number ${range}, or { least, most, share }: powers of two ${range}, least below most; share from 1 to ${SHARE_MOST}`,
    );
  if (!isWholeBetween(planned.buckets, 1, BUCKETS_MOST)) bad('buckets', `a whole number from 1 to ${BUCKETS_MOST}`);
  return planned;
}

function isSegmentSize(size: unknown): size is SegmentSize {
  if (typeof size !== 'object' || size === null) return isWholeBetween(size, SEGMENT_LEAST, SEGMENT_MOST);
  const { least, most, share, ...others } = size as Partial<GrowingSize>;
  return (
    isSegmentPower(least) &&
    isSegmentPower(most) &&
    least < most &&
    isWholeBetween(share, 1, SHARE_MOST) &&
    Object.keys(others).length === 0
  );
}

function isSegmentPower(value: unknown): value is number {
  return isWholeBetween(value, SEGMENT_LEAST, SEGMENT_MOST) && Number.isInteger(Math.log2(value));
}

function isWholeBetween(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}
