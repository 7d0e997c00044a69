import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { csvLine } from '@bifold/adapters/formats';
import type { CloudPaths, OnProgress } from '@bifold/cloud';
import { ensureFolder, jsonLines } from '../cloud/artifact-cache.ts';
import { ensureTrainingPython } from '../training/python.ts';

/**
 * 178 wines of three cultivars: the data set of the UCI repository (CC BY 4.0), as scikit-learn
 * ships it.
 */
export interface Wines {
  /** The training data, with the cultivar. */
  readonly wineFile: string;
  /** The records of topic `wines`, without the cultivar, one JSON text per line. */
  readonly recordsFile: string;
}

const MEASURES = [
  'alcohol',
  'malic_acid',
  'ash',
  'alcalinity_of_ash',
  'magnesium',
  'total_phenols',
  'flavanoids',
  'nonflavanoid_phenols',
  'proanthocyanins',
  'color_intensity',
  'hue',
  'od280_od315_of_diluted_wines',
  'proline',
] as const;
/** The time of the first wine. Wines are a minute apart. */
const FIRST_AT_MS = Date.UTC(2026, 0, 1);

export async function ensureWines(paths: CloudPaths, onProgress: OnProgress): Promise<Wines> {
  const { libraries } = await ensureTrainingPython(paths, onProgress);
  const published = join(libraries, 'sklearn', 'datasets', 'data', 'wine_data.csv');
  const folder = await ensureFolder(paths, 'wine', [published, fileURLToPath(import.meta.url)], async (draft) => {
    const [, ...lines] = readFileSync(published, 'utf8').trim().split(/\r?\n/);
    const rows = lines.map((line) => line.split(','));
    const header = csvLine(['id', ...MEASURES, 'cultivar']);
    const learned = rows.map((cells, id) => csvLine([String(id), ...cells.slice(0, -1), `class_${cells.at(-1)}`]));
    writeFileSync(join(draft, 'wine.csv'), [header, ...learned].join(''));
    writeFileSync(join(draft, 'wines.jsonl'), jsonLines(rows.map(wineOf)));
  });
  return { wineFile: join(folder, 'wine.csv'), recordsFile: join(folder, 'wines.jsonl') };
}

export function wineOf(cells: readonly string[], id: number): Record<string, unknown> {
  const measures = MEASURES.map((measure, index) => [measure, Number(cells[index])]);
  return { id, at: new Date(FIRST_AT_MS + id * 60_000).toISOString(), ...Object.fromEntries(measures) };
}
