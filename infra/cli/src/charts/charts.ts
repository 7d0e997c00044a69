import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** Charts as SVG texts, drawn without a browser. Only this file imports the plotting library. */

const { document } = parseHTML('<html><body></body></html>') as unknown as { document: never };
const BLUE = '#3b6fb6';
const ORANGE = '#d9803a';
const WIDTH = 520;

type Options = Parameters<typeof Plot.plot>[0];

function svg(options: Options): string {
  const drawn = Plot.plot({
    document,
    width: WIDTH,
    marginBottom: 38,
    style: { fontSize: '11px', background: 'none' },
    ...options,
  });
  return (drawn as unknown as { outerHTML: string }).outerHTML;
}

/** Truncates long labels, which would leave no room for the chart. */
const short = (text: string, most = 24): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const marginFor = (labels: readonly string[]): number =>
  Math.min(190, 24 + 6.4 * Math.max(1, ...labels.map((label) => short(label).length)));

export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** The number of values in each range. */
export function histogram(bins: readonly Bin[], label: string, isTime = false): string {
  const at = (value: number) => (isTime ? new Date(value) : value);
  return svg({
    height: 190,
    marginLeft: 52,
    x: { label, ...(isTime ? { type: 'utc' as const } : {}) },
    y: { label: 'rows', grid: true, tickFormat: 's' },
    marks: [
      Plot.rectY(bins, {
        x1: ({ from }: Bin) => at(from),
        x2: ({ to }: Bin) => at(to),
        y: 'count',
        fill: BLUE,
        insetLeft: 0.5,
        insetRight: 0.5,
      }),
      Plot.ruleY([0]),
    ],
  });
}

export interface Bar {
  readonly label: string;
  readonly value: number;
}

/** One bar per label in the given order, with its value. */
export function bars(items: readonly Bar[], label: string, format: (value: number) => string): string {
  const plotted = items.map((item, index) => ({ ...item, at: `${index}`, text: format(item.value) }));
  const least = Math.min(0, ...items.map(({ value }) => value));
  return svg({
    height: 46 + 22 * items.length,
    marginLeft: marginFor(items.map((item) => item.label)),
    marginRight: 64,
    x: { label, grid: true, domain: [least, Math.max(...items.map(({ value }) => value), 1e-12)], ticks: 5 },
    y: {
      label: null,
      type: 'band',
      domain: plotted.map(({ at }) => at),
      tickFormat: (at: string) => short(items[Number(at)]?.label ?? ''),
    },
    marks: [
      Plot.barX(plotted, { x: 'value', y: 'at', fill: BLUE, insetTop: 2, insetBottom: 2 }),
      Plot.text(plotted, {
        x: ({ value }: Bar) => Math.max(0, value),
        y: 'at',
        text: 'text',
        textAnchor: 'start',
        dx: 5,
      }),
      Plot.ruleX([0]),
    ],
  });
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A scatter plot. `diagonal` draws the line of equal values, `through` another line. */
export function points(
  data: readonly Point[],
  labels: { readonly x: string; readonly y: string },
  {
    diagonal = false,
    zero = false,
    through = [],
  }: { diagonal?: boolean; zero?: boolean; through?: readonly Point[] } = {},
): string {
  const all = data.flatMap(({ x, y }) => [x, y]);
  const ends = [Math.min(...all), Math.max(...all)].map((end) => ({ x: end, y: end }));
  return svg({
    height: 300,
    marginLeft: 60,
    x: { label: labels.x, grid: true, nice: true },
    y: { label: labels.y, grid: true, nice: true },
    marks: [
      Plot.dot(data, { x: 'x', y: 'y', r: 1.8, fill: BLUE, fillOpacity: data.length > 300 ? 0.35 : 0.7 }),
      ...(diagonal ? [Plot.line(ends, { x: 'x', y: 'y', stroke: ORANGE, strokeWidth: 1.5 })] : []),
      ...(zero ? [Plot.ruleY([0], { stroke: ORANGE, strokeWidth: 1.5 })] : []),
      ...(through.length > 0 ? [Plot.line(through, { x: 'x', y: 'y', stroke: ORANGE, strokeWidth: 2 })] : []),
    ],
  });
}

export interface Share {
  readonly label: string;
  readonly part: string;
  readonly count: number;
}

/** For each label, the shares of its rows by part. */
export function shares(items: readonly Share[], partLabel: string, parts: readonly string[]): string {
  const labels = [...new Set(items.map((item) => item.label))];
  const totals = new Map<string, number>();
  for (const { label, count } of items) totals.set(label, (totals.get(label) ?? 0) + count);
  const plotted = items.map((item) => ({ ...item, share: item.count / (totals.get(item.label) || 1) }));
  return svg({
    height: 52 + 22 * labels.length,
    marginLeft: marginFor(labels),
    marginTop: 12,
    x: { label: `share of rows by ${partLabel}`, percent: true },
    y: { label: null, type: 'band', domain: labels, tickFormat: (text: string) => short(text) },
    color: { domain: [...parts], range: parts.map((_, index) => PART_COLOURS[index % PART_COLOURS.length] as string) },
    marks: [Plot.barX(plotted, { x: 'share', y: 'label', fill: 'part', insetTop: 2, insetBottom: 2 })],
  });
}

/** Colours of `shares`. The legend is HTML, because an SVG would truncate it. */
export const PART_COLOURS = [
  '#4e79a7',
  '#f28e2c',
  '#e15759',
  '#76b7b2',
  '#59a14f',
  '#edc949',
  '#af7aa1',
  '#ff9da7',
  '#9c755f',
  '#bab0ab',
];

export interface Cell {
  readonly row: string;
  readonly column: string;
  readonly value: number | null;
}

/** A matrix of numbers, in colours and figures: correlations (`signed`) or counts. */
export function matrix(
  cells: readonly Cell[],
  labels: { readonly row: string; readonly column: string },
  { signed, format }: { signed: boolean; format: (value: number) => string },
): string {
  const rows = [...new Set(cells.map(({ row }) => row))];
  const columns = [...new Set(cells.map(({ column }) => column))];
  const most = Math.max(...cells.map(({ value }) => Math.abs(value ?? 0)), 1e-12);
  const width = Math.min(900, Math.max(300, marginFor(rows) + columns.length * 62));
  const isDark = ({ value }: Cell) => Math.abs(value ?? 0) > 0.6 * (signed ? 1 : most);
  return svg({
    width,
    height: 84 + rows.length * 30,
    marginLeft: marginFor(rows),
    marginTop: 40,
    marginBottom: 12,
    x: { label: labels.column, domain: columns, axis: 'top', tickFormat: (text: string) => short(text, 10) },
    y: { label: labels.row === '' ? null : labels.row, domain: rows, tickFormat: (text: string) => short(text) },
    color: signed
      ? { type: 'diverging', scheme: 'RdBu', domain: [-1, 1], reverse: false }
      : { scheme: 'Blues', domain: [0, most] },
    marks: [
      Plot.cell(cells, { x: 'column', y: 'row', fill: 'value', inset: 1 }),
      Plot.text(cells, {
        x: 'column',
        y: 'row',
        text: ({ value }: Cell) => (value === null ? '' : format(value)),
        fill: (cell: Cell) => (isDark(cell) ? 'white' : '#222'),
      }),
    ],
  });
}

/** The points of a grid with their deviations over the folds. The chosen point is highlighted. */
export function scoresOfGrid(
  items: readonly { readonly label: string; readonly mean: number; readonly deviation: number }[],
  best: number,
  metric: string,
): string {
  const plotted = items.map((item, index) => ({
    ...item,
    at: String(index),
    low: item.mean - item.deviation,
    high: item.mean + item.deviation,
    isBest: index === best,
  }));
  return svg({
    height: 46 + 20 * items.length,
    marginLeft: Math.min(300, 20 + 6.4 * Math.max(...items.map(({ label }) => label.length))),
    x: { label: `${metric} over the folds, mean and deviation`, grid: true, nice: true },
    y: {
      label: null,
      type: 'band',
      domain: plotted.map(({ at }) => at),
      tickFormat: (at: string) => items[Number(at)]?.label ?? '',
    },
    marks: [
      Plot.ruleY(plotted, {
        y: 'at',
        x1: 'low',
        x2: 'high',
        stroke: (item: { isBest: boolean }) => (item.isBest ? ORANGE : BLUE),
        strokeWidth: 2,
      }),
      Plot.dot(plotted, {
        y: 'at',
        x: 'mean',
        r: 4,
        fill: (item: { isBest: boolean }) => (item.isBest ? ORANGE : BLUE),
      }),
    ],
  });
}
