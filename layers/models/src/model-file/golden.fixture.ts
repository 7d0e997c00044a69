import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Value } from '@bifold/core/engine';

/**
 * Golden vectors: the predictions of scikit-learn for 2,000 rows, with nulls and categories that
 * training never saw (`layers/models/fixtures/generate.py`).
 */
export interface Golden {
  readonly model: Record<string, unknown>;
  readonly predictions: readonly (number | string)[];
  readonly probabilities: readonly (readonly number[])[] | null;
}

const FOLDER = new URL('../../fixtures/', import.meta.url);

export const goldenOf = <T = Golden>(name: string): T =>
  JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, FOLDER))).toString('utf8'));

export const { rows, fields } = goldenOf<{
  readonly rows: readonly (readonly Value[])[];
  readonly fields: readonly string[];
}>('rows');

export const bytesOf = (file: unknown): Uint8Array => Buffer.from(JSON.stringify(file));

export const GOLDEN_VERSION = '20261122-000000-00000000';
