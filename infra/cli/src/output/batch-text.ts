import type { ArchivedPartition, Recomputed } from '@bifold/engine';
import { number, plural } from './terminal.ts';

/** The result of an archive run, and the next step. */
export function archivedText(pipeline: string, partitions: readonly ArchivedPartition[]): string {
  const sum = (of: (partition: ArchivedPartition) => number) =>
    partitions.reduce((total, partition) => total + of(partition), 0);
  const records = sum((partition) => partition.records);
  const behind = sum((partition) => partition.behind);
  const lost = sum((partition) => partition.lost.length);
  const did =
    records > 0
      ? `archived ${plural(records, 'record')} in ${plural(
          sum((partition) => partition.files),
          'file',
        )}`
      : `archived nothing: the archive has all that the log holds, up to ${plural(
          sum((partition) => partition.end),
          'offset',
        )}`;
  const next =
    behind > 0
      ? `${plural(behind, 'record')} of the log ${behind === 1 ? 'is' : 'are'} not archived yet: npx bifold archive ${pipeline}`
      : `next: npx bifold recompute ${pipeline}`;
  return [
    records === 0 && behind > 0 ? next : `${did}; ${next}`,
    ...(lost > 0 ? [`LOST: retention was faster in ${plural(lost, 'range')}; see npx bifold recompute --help`] : []),
  ].join('\n');
}

/** The result of a recompute run, and the offsets that the speed layer still answers. */
export function recomputedText(pipeline: string, result: Recomputed): string {
  if (!result.published && result.reason === 'overtaken')
    return 'published nothing: another run published first; its generation is current';
  const { offsets: waiting, missing, stopped } = result.waiting;
  const lost =
    stopped.length === 0
      ? []
      : [
          `partition ${stopped.join(', ')} stops at records that retention took before the archive; ` +
            `to pass them: npx bifold recompute ${pipeline} --accept-lost`,
        ];
  if (result.published) {
    const { generation, offsets, rows } = result;
    const rest =
      waiting === 0
        ? ''
        : `; ${number(waiting)} more ${waiting === 1 ? 'is' : 'are'} answered by the speed layer until their segments are complete`;
    const covers = `generation ${generation} covers ${number(offsets)} of ${plural(offsets + waiting, 'record')}${rest}`;
    return [`${covers} (${plural(rows, 'row')} published)`, ...lost].join('\n');
  }
  if (waiting === 0 && missing === null && stopped.length === 0)
    return `published nothing: nothing is archived; first: npx bifold archive ${pipeline}`;
  const since = result.generation === 0 ? '' : ` since generation ${result.generation}`;
  const next = missing === null ? '' : `, and the next one needs ${plural(missing, 'more record')} in its partition`;
  return [
    `published nothing: no segment is complete${since}${next}; ${number(waiting)} archived ${waiting === 1 ? 'record is' : 'records are'} answered by the speed layer until then`,
    ...lost,
  ].join('\n');
}
