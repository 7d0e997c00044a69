import { type AnswerRow, type Coverage, type Plan, type Receipt, resultTypeOf } from '@bifold/core/engine';
import { tableText } from './table.ts';
import { bold, dim, harmless, number, plural, styled } from './terminal.ts';
import type { Change } from './watching.ts';

/**
 * The rows of an answer as a table: key, window, and aggregates. For a view with final rows, it
 * marks them. With `parts`, the shares of batch and speed are below each row.
 */
export function rowsText(
  plan: Plan,
  rows: readonly AnswerRow[],
  {
    total,
    parts,
    isChanged = () => false,
  }: {
    total: boolean;
    parts: boolean;
    /** Marks cells. */
    isChanged?: (row: AnswerRow, aggregate: string) => boolean;
  },
): string {
  const aggregates = plan.aggregates.map(({ name }) => name);
  const showsFinal = rows.some(({ final }) => final !== undefined);
  const columns = [
    ...plan.groupBy.map((title) => ({ title })),
    ...(total ? [] : [{ title: 'window' }]),
    ...(parts ? [{ title: 'from' }] : []),
    ...plan.aggregates.map((aggregate) => {
      const isText = ['text', 'json'].includes(resultTypeOf(aggregate));
      return { title: aggregate.name, align: isText ? ('left' as const) : ('right' as const) };
    }),
    ...(showsFinal ? [{ title: 'final' }] : []),
    ...(rows.some(({ ahead, behind }) => ahead ?? behind) ? [{ title: 'differs' }] : []),
  ];
  const width = columns.length;
  const cells = rows.flatMap((row) => {
    const lead = [
      ...plan.groupBy.map((name) => cell(row.key[name] ?? null)),
      ...(total ? [] : [timeText(row.window.start)]),
    ];
    const differs = [row.ahead ? 'ahead' : '', row.behind ? 'behind' : ''].filter(Boolean).join(', ');
    const line = (values: AnswerRow['values'] | null, from: string, isFirst: boolean) =>
      [
        ...(isFirst ? lead : lead.map(() => '')),
        ...(parts ? [isFirst ? from : dim(from)] : []),
        ...aggregates.map((name) => {
          const text = cell(values?.[name] ?? null);
          if (!isFirst) return dim(text);
          return isChanged(row, name) ? styled(['green', 'bold'], text) : text;
        }),
        ...(showsFinal ? [isFirst && row.final ? 'yes' : ''] : []),
        isFirst ? differs : '',
      ].slice(0, width);
    if (!row.parts) return [line(row.values, '', true)];
    return [
      line(row.values, 'both', true),
      line(row.parts.batch, 'batch', false),
      line(row.parts.speed, 'speed', false),
    ];
  });
  return tableText(columns, cells);
}

/** A change as one line: `+ 17  cultivar 2, certainty 0.88`, `~ 17  cultivar 1 -> 2`, `- 17`. */
export function changeText({ groupBy }: Plan, change: Change): string {
  const { row, kind } = change;
  const place = [...groupBy.map((name) => cell(row.key[name] ?? null)), timeText(row.window.start)]
    .filter((text) => text !== '-')
    .join(' ');
  if (kind === 'gone') return `- ${place}`;
  const columns = kind === 'new' ? Object.keys(row.values) : change.columns;
  const values = columns.map((name) => {
    const before = kind === 'new' ? '' : `${cell(change.before[name])} -> `;
    return `${name} ${before}${cell(row.values[name])}`;
  });
  return `${kind === 'new' ? '+' : '~'} ${place}  ${values.join(', ')}`;
}

export function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'number') return number(value);
  return harmless(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** The start of a window, without its constant end. */
function timeText(time: string | null): string {
  return time === null ? '-' : time.replace(/:00\.000Z$/, 'Z').replace(/T00:00Z$/, '');
}

/** The coverage of an answer, in a few lines. Gaps are marked. */
export function receiptText(receipt: Receipt): string {
  const { generation, run, offsets, gaps, quarantined, version, topicId, coverage, page, digest, models } = receipt;
  const { finalBefore } = receipt;
  const covered = offsets.batch + offsets.speed;
  const share = covered === 0 ? 0 : (offsets.batch / covered) * 100;
  const poison = Object.entries(quarantined.reasons).map(([reason, records]) => `${number(records)} ${reason}`);
  const lines: [string, string][] = [
    ['receipt', `${version}, topic id ${topicId}`],
    ['generation', run === null ? 'none published yet' : `${generation} (run ${run})`],
    [
      'covers',
      `${plural(covered, 'offset')}: ${number(offsets.batch)} from batch (${share.toFixed(0)} %), ${number(offsets.speed)} from speed`,
    ],
    ['', coverageText(coverage)],
    ...Object.entries(models ?? {}).map(([score, versions]): [string, string] => [
      'model',
      `${score}: ${versions.join(', ') || 'none yet'}`,
    ]),
    ['final', finalBefore === undefined ? '' : finalBefore === null ? 'nothing yet' : `what ends by ${finalBefore}`],
    ['quarantined', poison.length === 0 ? 'none' : poison.join(', ')],
    ['rows', `${number(page.rows)}${page.start === null && page.last ? '' : ' on this page'}`],
    ['digest', digest],
  ];
  const text = lines
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${dim(name.padEnd(12))}${value}`)
    .join('\n');
  const missing = coverageText(gaps);
  if (missing === '') return `${text}\n${dim('gaps'.padEnd(12))}none`;
  return `${text}\n${styled(['red', 'bold'], `GAPS        these offsets are not in the answer: ${missing}`)}`;
}

/** `0: [0, 81,920)  1: [0, 4,096) [8,192, 9,000)` */
export function coverageText(coverage: Coverage): string {
  return Object.entries(coverage)
    .filter(([, ranges]) => ranges.length > 0)
    .map(([partition, ranges]) => {
      const listed = ranges.slice(0, 4).map(([start, end]) => `[${number(start)}, ${number(end)})`);
      const rest = ranges.length > 4 ? ` and ${ranges.length - 4} more` : '';
      return `${bold(`${partition}:`)} ${listed.join(' ')}${rest}`;
    })
    .join('  ');
}
