import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TextOptions } from '@bifold/adapters/formats';
import type { CloudPaths, OnProgress } from '@bifold/cloud';
import { makeVersion, type TrainedOn, trainingRequest, type Version } from '@bifold/functions/training';
import type { ModelDefinition } from '@bifold/models';
import { writeFileTable } from './file-table.ts';
import { learningReport } from './learning-report.ts';
import { runTraining, type TrainingEvent } from './python.ts';

export interface Trained extends Version {
  readonly trainedOn: TrainedOn;
}

export interface TrainingPlaces {
  readonly paths: CloudPaths;
  readonly onProgress: OnProgress;
  /** The folder of the versions: `<models>/<name>/<version>/`. */
  readonly models: string;
  readonly onEvent: (event: TrainingEvent) => void;
}

/**
 * Trains a version of a model from a table that `writeTable` writes as Parquet, and stores it in
 * `models`.
 */
export async function trainVersion(
  definition: ModelDefinition,
  { paths, onProgress, models, onEvent }: TrainingPlaces,
  writeTable: (tableFile: string) => Promise<TrainedOn>,
): Promise<Trained> {
  const draft = mkdtempSync(join(tmpdir(), 'bifold-train-'));
  try {
    const table = join(draft, 'table.parquet');
    const trainedOn = await writeTable(table);
    const request = { ...(await trainingRequest(definition, table)), table, out: draft };
    const requestFile = join(draft, 'request.json');
    writeFileSync(requestFile, JSON.stringify(request));
    await runTraining(paths, onProgress, requestFile, onEvent);
    return { ...makeVersion(definition, trainedOn, draft, models, new Date(), learningReport), trainedOn };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Like `trainVersion`, from a file of rows. */
export function trainFromFile(
  definition: ModelDefinition,
  file: string,
  places: TrainingPlaces,
  reading: TextOptions = {},
): Promise<Trained> {
  return trainVersion(definition, places, (table) => writeFileTable(definition, file, reading, table));
}
