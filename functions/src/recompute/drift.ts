import type { AnswerRow, ModelRegistry, Plan, Scope } from '@bifold/core/engine';
import { type DriftQuery, executeQuery, latestDrift, parseQuery, type QueryPorts } from '@bifold/engine';
import { logger, MetricUnit, metrics } from '../deployment/observed.ts';

const PAGE_ROWS = 10_000;

/**
 * Reports the drift of the current model version, if the plan is a drift plan: as metrics, on which
 * an alarm is defined, and as a log line with the names. It reads merged answers, so records after
 * the generation count too.
 */
export async function tellDrift(
  plan: Plan,
  scope: Scope,
  ports: QueryPorts & { readonly models?: ModelRegistry },
): Promise<void> {
  const { models } = ports;
  if (models === undefined) return;
  const ask = async (asked: DriftQuery): Promise<readonly AnswerRow[]> => {
    const rows: AnswerRow[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const query = parseQuery(plan, { ...asked, limit: PAGE_ROWS, ...(cursor === undefined ? {} : { cursor }) });
      const answer = await executeQuery(plan, scope, query, ports);
      rows.push(...answer.rows);
      cursor = answer.cursor;
    }
    return rows;
  };
  const drift = await latestDrift(plan, { registry: models, ask });
  if (drift === null) return;
  const { model, version, report, reason } = drift;
  if (report === null) {
    logger.info('drift is not known', { model, version, reason });
    return;
  }
  const of = (verdict: string) =>
    report.drifts
      .filter((each) => each.verdict === verdict)
      .map(({ feature, psi, ks, nulls }) => ({ feature: feature ?? 'the score', psi, ks, nulls }));
  const [drifted, moved] = [of('drifted'), of('moved')];
  const told = { model, version, window: report.window, records: report.records, drifted, moved };
  if (drifted.length > 0) logger.warn('the stream has drifted from what the model was trained on', told);
  else logger.info('the stream is as in training', told);
  // A metric per pipeline, because an alarm belongs to one.
  const metric = () => metrics.singleMetric().addDimension('pipeline', plan.name);
  metric().addMetric('driftedFeatures', MetricUnit.Count, drifted.length);
  metric().addMetric('driftPsiMax', MetricUnit.NoUnit, Math.max(0, ...report.drifts.map(({ psi }) => psi ?? 0)));
}
