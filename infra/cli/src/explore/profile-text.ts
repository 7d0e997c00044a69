import { figureText } from '../charts/figure-text.ts';
import { sparks } from '../charts/sparks.ts';
import { tableText } from '../output/table.ts';
import { bold, dim, harmless, plural } from '../output/terminal.ts';
import type { ColumnProfile } from './column.ts';
import type { Profile } from './profile.ts';

const SHOWN_VALUES = 5;
const STRONG = 0.5;

/** A profile on the terminal. */
export function profileText({ source, rows, columns, correlations, target }: Profile): string {
  const right = (title: string) => ({ title, align: 'right' as const });
  const share = (count: number) => (count === 0 ? '' : `${figureText((100 * count) / Math.max(1, rows))} %`);
  const overview = tableText(
    [
      { title: 'column' },
      { title: 'type' },
      right('nulls'),
      right('distinct'),
      right('min'),
      right('25 %'),
      right('median'),
      right('75 %'),
      right('max'),
      right('mean'),
      right('outliers'),
      { title: 'distribution' },
    ],
    columns.map((column) => {
      const { distribution: of } = column;
      const at = (index: number) => shown(column, of?.quantiles[index]);
      const outliers = of === null ? 0 : of.outliers.below + of.outliers.above;
      return [
        harmless(column.name),
        column.type.toLowerCase(),
        share(column.nulls),
        figureText(column.distinct),
        shown(column, of?.min),
        at(2),
        at(3),
        at(4),
        shown(column, of?.max),
        column.kind === 'time' ? '' : shown(column, of?.mean),
        outliers === 0 || column.kind === 'time' ? '' : figureText(outliers),
        of === null ? '' : sparks(of.bins.map(({ count }) => count)),
      ];
    }),
  );
  const parts = [`${bold(source)}: ${plural(rows, 'row')}, ${plural(columns.length, 'column')}`, overview];
  const counted = columns.filter(({ top }) => top.length > 0);
  if (counted.length > 0)
    parts.push(
      tableText(
        [{ title: 'values' }, { title: 'most frequent' }],
        counted.map(({ name, top, distinct }) => {
          const first = top.slice(0, SHOWN_VALUES).map(({ value, count }) => `${harmless(value)} ${share(count)}`);
          return [
            harmless(name),
            `${first.join('   ')}${distinct > SHOWN_VALUES ? dim(`   … ${figureText(distinct)} in all`) : ''}`,
          ];
        }),
      ),
    );
  const strong = correlations.columns.flatMap((left, row) =>
    correlations.columns.slice(row + 1).flatMap((other, index) => {
      const value = correlations.values[row]?.[row + 1 + index] ?? null;
      return value !== null && Math.abs(value) >= STRONG ? [{ left, other, value }] : [];
    }),
  );
  if (strong.length > 0)
    parts.push(
      tableText(
        [{ title: 'correlated' }, { title: 'with' }, right('Pearson r')],
        strong
          .toSorted((one, two) => Math.abs(two.value) - Math.abs(one.value))
          .slice(0, 15)
          .map(({ left, other, value }) => [harmless(left), harmless(other), value.toFixed(3)]),
      ),
    );
  if (target !== null)
    parts.push(
      tableText(
        [{ title: `against ${harmless(target.name)}` }, { title: 'measure' }, right('value')],
        target.associations.map(({ feature, measure, value }) => [harmless(feature), measure, value?.toFixed(3) ?? '']),
      ),
    );
  return parts.join('\n\n');
}

/** A number of a column, or a time. */
function shown({ kind }: ColumnProfile, value: number | undefined): string {
  if (value === undefined) return '';
  return kind === 'time' ? new Date(value).toISOString().slice(0, 16).replace('T', ' ') : figureText(value);
}
