import type {
  ClassificationMetrics,
  FittedFeature,
  Learning,
  Metrics,
  RegressionMetrics,
  TrainedOn,
} from '@bifold/functions/training';
import { type Bin, bars, histogram, matrix, points, scoresOfGrid } from '../charts/charts.ts';
import { figureText, percentText } from '../charts/figure-text.ts';
import { card, cards, chart, figures, type Html, html, page, table } from '../charts/page.ts';

const BINS = 40;

/** The training data, the result and its quality, as the basis for a promotion. */
export function learningReport(learned: Learning): string {
  const { definition, version, settings, metrics, features, trainedOn } = learned;
  const { name, target, estimator, split, seed } = definition;
  const { rows, crossValidation, importances, onnx } = metrics;
  const kind = {
    linear: 'linear regression',
    logistic: 'logistic regression',
    forest: 'random forest',
    boosting: 'gradient boosting',
  }[estimator.kind];
  const divided = split === 'time' ? 'the latest rows are held out' : `rows are held out at random, seed ${seed}`;
  const used = importances.features.toSorted((left, right) => right.mean - left.mean).slice(0, 25);
  return page(
    `${name} ${version}`,
    html`<h1>${name}</h1>
<div class="muted">version ${version} · ${kind} of <b>${target}</b> · ${sourceText(trainedOn)}</div>
${headline(metrics)}
<div class="muted">${figureText(rows.learned)} rows were learned from, ${figureText(rows.heldOut)} were held out (${divided})${rows.withoutTarget > 0 ? `; ${figureText(rows.withoutTarget)} without a target were left out` : ''}.</div>
<h2>How good it is</h2>
${cards([measures(metrics), ...evidence(learned)])}
<h2>What it learned from</h2>
${cards([
  card(
    `How much worse ${importances.metric} gets when a feature is shuffled`,
    chart(
      bars(
        used.map(({ field, mean }) => ({ label: field, value: mean })),
        `loss of ${importances.metric}`,
        figureText,
      ),
    ),
  ),
  card('Features', table(['feature', 'how', 'null counts as'], features.map(featureRow))),
])}
<h2>How its settings were found</h2>
${cards([
  ...(crossValidation.points.length > 1
    ? [
        card(
          `${crossValidation.points.length} combinations, ${crossValidation.folds} folds`,
          chart(
            scoresOfGrid(
              crossValidation.points.map((point) => ({ ...point, label: settingsText(point.settings) })),
              crossValidation.best,
              crossValidation.metric,
            ),
          ),
        ),
      ]
    : []),
  card(
    'Settings',
    table(
      ['setting', 'value'],
      [
        ...Object.entries(settings).map(([setting, value]) => [setting, figureText(value)] as const),
        ['seed', String(seed)],
        [`${crossValidation.metric} over ${crossValidation.folds} folds`, foldText(metrics)],
        [
          'error of ONNX Runtime',
          `at most ${onnx.maxDifference?.toExponential(1)} in ${figureText(onnx.rows)} golden rows`,
        ],
      ],
    ),
  ),
])}`,
  );
}

function foldText({ crossValidation: { points: tried, best } }: Metrics): string {
  const chosen = tried[best];
  return chosen === undefined ? '' : `${figureText(chosen.mean)} ± ${figureText(chosen.deviation)}`;
}

function settingsText(settings: Readonly<Record<string, number>>): string {
  const entries = Object.entries(settings).map(([setting, value]) => `${setting} ${value}`);
  return entries.length === 0 ? 'no settings' : entries.join(', ');
}

function sourceText(from: TrainedOn): string {
  if (from.kind === 'file') return `learned from ${from.name} (sha256 ${from.sha256.slice(0, 12)}…)`;
  const offsets = Object.values(from.ranges).reduce((total, [start, end]) => total + end - start, 0);
  return `learned from ${figureText(offsets)} offsets of the archive of ${from.version}`;
}

function headline({ heldOut, task }: Metrics): Html {
  if (task === 'regression') {
    const { rmse, mae, r2 } = heldOut as RegressionMetrics;
    return figures([
      ['RMSE', figureText(rmse)],
      ['MAE', figureText(mae)],
      ['R²', figureText(r2)],
    ]);
  }
  const { accuracy, f1, auc } = heldOut as ClassificationMetrics;
  return figures([
    ['accuracy', percentText(accuracy)],
    ['F1', figureText(f1)],
    ...(auc === null ? [] : [['AUC', figureText(auc)] as const]),
  ]);
}

function measures({ heldOut, learned, baseline, task }: Metrics): Html {
  const names = task === 'regression' ? ['rmse', 'mae', 'r2'] : ['accuracy', 'f1', 'auc', 'logLoss'];
  const of = (from: Metrics['heldOut'], name: string) => figureText((from as unknown as Record<string, number>)[name]);
  const guess = task === 'regression' ? 'always the mean' : 'always the most frequent class';
  return card(
    'Measures',
    table(
      ['', 'held out', 'learned from', guess],
      names.map((name) => [name, of(heldOut, name), of(learned, name), of(baseline, name)]),
    ),
  );
}

function evidence({ metrics, shown }: Learning): readonly Html[] {
  if (shown !== null) {
    const pairs = shown.true.map((x, row) => ({ x, y: shown.predicted[row] as number }));
    const residuals = pairs.map(({ x, y }) => ({ x: y, y: x - y }));
    return [
      card(
        'Predicted against true, rows held out',
        chart(points(pairs, { x: 'true', y: 'predicted' }, { diagonal: true })),
      ),
      card('Residuals (true − predicted)', chart(histogram(binsOf(residuals.map(({ y }) => y)), 'residual'))),
      card('Residuals against predicted', chart(points(residuals, { x: 'predicted', y: 'residual' }, { zero: true }))),
    ];
  }
  const { confusion, classes } = metrics.heldOut as ClassificationMetrics;
  const cells = confusion.flatMap((row, index) =>
    row.map((value, column) => ({ row: String(classes[index]?.class), column: String(classes[column]?.class), value })),
  );
  return [
    card(
      'Confusion, rows held out',
      chart(matrix(cells, { row: 'true', column: 'predicted' }, { signed: false, format: figureText })),
    ),
    card(
      'Classes',
      table(
        ['class', 'rows', 'precision', 'recall', 'F1'],
        classes.map((scores) => [
          String(scores.class),
          figureText(scores.rows),
          ...[scores.precision, scores.recall, scores.f1].map(figureText),
        ]),
      ),
    ),
  ];
}

function binsOf(values: readonly number[]): readonly Bin[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const width = (most - least) / BINS || 1;
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) {
    const bin = Math.min(BINS - 1, Math.floor((value - least) / width));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts.map((count, bin) => ({ from: least + bin * width, to: least + (bin + 1) * width, count }));
}

function featureRow(feature: FittedFeature): readonly string[] {
  const { field, type, impute } = feature;
  if (type === 'category')
    return [
      field,
      `one-hot of ${feature.categories?.length} categories`,
      impute === null ? 'none of them' : String(impute),
    ];
  const scaled = feature.mean !== 0 || feature.scale !== 1;
  const how = scaled ? `(x − ${figureText(feature.mean)}) / ${figureText(feature.scale)}` : 'number';
  return [field, how, figureText(impute as number)];
}
