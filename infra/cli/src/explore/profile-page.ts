import { bars, histogram, matrix, PART_COLOURS, points, shares } from '../charts/charts.ts';
import { figureText, percentText } from '../charts/figure-text.ts';
import { card, cards, chart, figures, type Html, html, page, table } from '../charts/page.ts';
import type { Association } from './association.ts';
import type { ColumnProfile } from './column.ts';
import { type Profile, RANKS, type Target } from './profile.ts';

const ASSOCIATIONS_DRAWN = 12;

/** A profile as one HTML file. */
export function profilePage(profile: Profile): string {
  const { source, rows, columns, correlations, target } = profile;
  const nulls = columns.reduce((total, column) => total + column.nulls, 0);
  const cells = rows * columns.length;
  return page(
    `Exploring ${source}`,
    html`<h1>${source}</h1>
<div class="muted">What can be counted about it; quantiles are interpolated, outliers lie more than 1.5 interquartile ranges beyond the quartiles.</div>
${figures([
  ['rows', figureText(rows)],
  ['columns', figureText(columns.length)],
  ['cells that are null', cells === 0 ? '0' : percentText(nulls / cells)],
])}
${target === null ? '' : targetSection(profile, target)}
<h2>Columns</h2>
${card('Overview', overview(profile))}
<p></p>
${cards(columns.map((column) => columnCard(column, rows)))}
${correlations.columns.length < 2 ? '' : html`<h2>Correlations</h2>${card('Pearson’s coefficient of each pair of numbers', chart(correlationChart(profile)))}`}`,
  );
}

function overview({ columns, rows }: Profile): Html {
  return table(
    [
      'column',
      'type',
      'nulls',
      'distinct',
      'min',
      ...RANKS.map((rank) => percentile(rank)),
      'max',
      'mean',
      'deviation',
      'outliers',
    ],
    columns.map((column) => {
      const { distribution: of, kind, name, type, nulls, distinct } = column;
      const shownAs = (value: number | null | undefined) => valueText(column, value);
      const outliers = of === null || kind === 'time' ? '' : figureText(of.outliers.below + of.outliers.above);
      return [
        name,
        type.toLowerCase(),
        nulls === 0 ? '0' : percentText(nulls / Math.max(1, rows)),
        figureText(distinct),
        shownAs(of?.min),
        ...RANKS.map((_, index) => shownAs(of?.quantiles[index])),
        shownAs(of?.max),
        ...(kind === 'time' ? ['', ''] : [shownAs(of?.mean), shownAs(of?.deviation)]),
        outliers,
      ];
    }),
  );
}

const percentile = (rank: number): string => (rank === 0.5 ? 'median' : `${Math.round(rank * 100)} %`);

function valueText({ kind }: ColumnProfile, value: number | null | undefined): string {
  if (value === null || value === undefined) return '';
  return kind === 'time' ? new Date(value).toISOString().slice(0, 16).replace('T', ' ') : figureText(value);
}

function columnCard(column: ColumnProfile, rows: number): Html {
  const { name, kind, nulls, distinct, distribution: of, top } = column;
  const told = [
    `${figureText(distinct)} different`,
    ...(nulls === 0 ? [] : [`${percentText(nulls / Math.max(1, rows))} null`]),
    ...(distinct <= 1 && rows > 0 ? ['constant'] : []),
  ];
  const outliers = of === null || kind !== 'number' ? 0 : of.outliers.below + of.outliers.above;
  if (outliers > 0)
    told.push(
      `${figureText(outliers)} outliers below ${figureText(of?.outliers.low)} or above ${figureText(of?.outliers.high)}`,
    );
  const drawn =
    top.length > 0
      ? bars(
          top.map(({ value, count }) => ({ label: value, value: count })),
          'rows',
          figureText,
        )
      : of === null
        ? null
        : histogram(of.bins, name, kind === 'time');
  return card(name, html`<div class="muted">${told.join(' · ')}</div>`, drawn === null ? '' : chart(drawn));
}

function correlationChart({ correlations: { columns, values } }: Profile): string {
  const cells = columns.flatMap((row, at) =>
    columns.map((column, index) => ({ row, column, value: values[at]?.[index] ?? null })),
  );
  return matrix(
    cells,
    { row: '', column: '' },
    { signed: true, format: (value) => value.toFixed(2).replace(/^-(0\.0*)$/, '$1') },
  );
}

function targetSection({ columns }: Profile, { name, kind, associations }: Target): Html {
  const target = columns.find((column) => column.name === name) as ColumnProfile;
  const measured = associations.filter(({ value }) => value !== null);
  const balance = target.top.map(({ value, count }) => ({ label: value, value: count }));
  return html`<h2>Target: ${name}</h2>
${cards([
  kind === 'class'
    ? card('Class balance', chart(bars(balance, 'rows', figureText)))
    : card('Distribution', chart(histogram(target.distribution?.bins ?? [], name))),
  card(
    'How much each feature says about it',
    chart(
      bars(
        measured.slice(0, 25).map(({ feature, value }) => ({ label: feature, value: Math.abs(value ?? 0) })),
        kind === 'class'
          ? 'correlation ratio η, of categories Cramér’s V'
          : '|Pearson r|, of categories correlation ratio η',
        (value) => value.toFixed(3),
      ),
    ),
  ),
])}
<p></p>
${cards(associations.slice(0, ASSOCIATIONS_DRAWN).map((association) => associationCard(association, name)))}`;
}

function associationCard(
  { feature, measure, value, points: cloud, means, byCategory, shares: parts }: Association,
  target: string,
): Html {
  const told = html`<div class="muted">${measure} ${value === null ? 'unknown' : value.toFixed(3)}</div>`;
  if (cloud.length > 0)
    return card(`${feature} and ${target}`, told, chart(points(cloud, { x: feature, y: target }, { through: means })));
  if (byCategory.length > 0) {
    const items = byCategory.map(({ label, mean, rows }) => ({ label: `${label} (${figureText(rows)})`, value: mean }));
    return card(`${target} by ${feature}`, told, chart(bars(items, `mean ${target} (rows)`, figureText)));
  }
  // Use one order in all charts, so that each class has one colour.
  const classes = [...new Set(parts.map(({ part }) => part))].sort();
  const legend = classes.map(
    (one, index) =>
      html`<span><i style="background:${PART_COLOURS[index % PART_COLOURS.length] as string}"></i>${one}</span>`,
  );
  const labelled = parts.map((part) => ({ ...part, label: rangeText(part.label) }));
  return card(
    `${target} by ${feature}`,
    told,
    html`<div class="legend">${legend}</div>`,
    chart(shares(labelled, target, classes)),
  );
}

/** Formats a range of numbers: `3|1.5|2.25` becomes `1.5 – 2.25`. */
function rangeText(label: string): string {
  const [, from, to] = /^ ?\d+\|([^|]*)\|([^|]*)$/.exec(label) ?? [];
  return from === undefined ? label : `${figureText(Number(from))} – ${figureText(Number(to))}`;
}
