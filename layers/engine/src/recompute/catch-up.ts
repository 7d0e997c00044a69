import {
  type ArchiveStore,
  type BatchStore,
  cutOf,
  type Plan,
  ProtocolError,
  requiresHistory,
  type Scope,
  type SpeedStore,
  segmentStart,
} from '@bifold/core/engine';
import { contiguousEndOf } from '../speed/contiguous-end.ts';

/**
 * The recompute function sends this request to the speed function of a view with stateful
 * operators. Records were left to the batch layer while lower offsets were lost to the log. Once a
 * cut has passed those, the records can be folded; without the request, the speed layer would wait
 * for the next record.
 */
export interface CatchUpRequest {
  readonly eventSource: 'bifold.recompute';
  readonly scope: Scope;
  /** For each partition, the offset up to which the log is folded. */
  readonly upTo: Readonly<Record<string, number>>;
}

export interface CatchUpPorts {
  readonly archive: Pick<ArchiveStore, 'partitions' | 'chain'>;
  readonly batch: Pick<BatchStore, 'readPointer'>;
  readonly speed: Pick<SpeedStore, 'readProgress'>;
}

/**
 * The partitions that the speed layer has not folded up to the archive's end, although no records
 * above the cut are lost. If a delivery is folding them already, at most one segment is folded
 * twice.
 *
 * @returns null if no request is needed
 */
export async function planCatchUp(
  plan: Plan,
  scope: Scope,
  { archive, batch, speed }: CatchUpPorts,
): Promise<CatchUpRequest | null> {
  if (!requiresHistory(plan)) return null;
  const { segmentSize } = plan.storage;
  const { current } = await batch.readPointer('serial');
  const upTo: Record<string, number> = {};
  for (const partition of await archive.partitions()) {
    const chain = await archive.chain(partition);
    const archived = chain.at(-1)?.end ?? 0;
    const cut = cutOf(current, partition);
    if (chain.some(({ lost, end }) => lost && end > segmentStart(cut, segmentSize))) continue;
    if ((await contiguousEndOf(partition, cut, archived, segmentSize, speed)) < archived) upTo[partition] = archived;
  }
  return Object.keys(upTo).length === 0 ? null : { eventSource: 'bifold.recompute', scope, upTo };
}

/**
 * Parses a catch-up request. Null if the event is something else.
 * @throws {ProtocolError} if the request is malformed
 */
export function parseCatchUp(event: unknown): { readonly scope: Scope; readonly upTo: Map<number, number> } | null {
  const { eventSource, scope, upTo } = (event ?? {}) as Partial<CatchUpRequest>;
  if (eventSource !== 'bifold.recompute') return null;
  const ends = new Map(Object.entries(upTo ?? {}).map(([partition, end]) => [Number(partition), end]));
  const isOffset = (one: unknown): boolean => Number.isSafeInteger(one) && (one as number) >= 0;
  const isWhole = [...ends].every((entry) => entry.every(isOffset));
  if (isWhole && ends.size > 0 && typeof scope?.version === 'string' && typeof scope.topicId === 'string')
    return { scope, upTo: ends };
  throw new ProtocolError('BIFOLD_BAD_CATCH_UP', {
    failed: 'a catch-up request cannot be read',
    received: (JSON.stringify(event) ?? 'nothing').slice(0, 200),
    allowed: '{ eventSource: "bifold.recompute", scope: { version, topicId }, upTo: { <partition>: <offset> } }',
    remedy: 'invoke the recompute function, which sends such requests',
  });
}
