import { openDuckDb } from '@bifold/adapters/duckdb';
import { textLiteral } from '@bifold/core/engine';
import type { ModelDefinition } from '@bifold/models';

/** A feature with all defaults filled in, as in the request for training. */
export type RequestedFeature =
  | { readonly field: string; readonly type: 'number'; readonly impute: string | number; readonly scale: boolean }
  | { readonly field: string; readonly type: 'category'; readonly impute: unknown };

/**
 * Fills in defaults: text is a category, everything else a number (false 0, true 1; times in epoch
 * milliseconds). Numbers are scaled for estimators that need it.
 */
export async function requestedFeatures(
  { features, estimator }: ModelDefinition,
  tableFile: string,
): Promise<readonly RequestedFeature[]> {
  const database = await openDuckDb();
  try {
    const described = await database.rows(
      `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${textLiteral(tableFile)}))`,
    );
    const texts = new Set(
      described.filter(({ column_type }) => column_type === 'VARCHAR').map(({ column_name }) => column_name),
    );
    const scaled = estimator.kind === 'linear' || estimator.kind === 'logistic';
    return features.map((feature): RequestedFeature => {
      if (feature.type === 'number') return { ...feature, scale: feature.scale ?? scaled };
      if (feature.type === 'category') return feature;
      const { field } = feature;
      return texts.has(field)
        ? { field, type: 'category', impute: null }
        : { field, type: 'number', impute: 'median', scale: scaled };
    });
  } finally {
    database.close();
  }
}
