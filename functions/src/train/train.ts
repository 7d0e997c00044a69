import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bucket } from '@bifold/adapters/s3';
import { canonicalJson, ModelError, type ModelRegistry, type Plan, type Scope } from '@bifold/core/engine';
import type { ModelDefinition } from '@bifold/models';
import { MANIFEST_FILE, readManifest } from '@bifold/models/engine';
import { type ArchiveTablePorts, archivedFor, writeArchiveTable } from './archive-table.ts';
import { requestedFeatures } from './features.ts';
import type { Metrics } from './learned.ts';
import { type DraftPlace, LEARNED_FILES, type Learn, REQUEST_FILE, type Refusal, TABLE_FILE } from './learner.ts';
import { definitionDigest, makeVersion, type Version } from './version.ts';

export interface TrainPorts extends ArchiveTablePorts {
  readonly registry: ModelRegistry;
  /** The bucket of the models, which also holds drafts. */
  readonly bucket: Pick<Bucket, 'put' | 'download' | 'list' | 'deleteAll'>;
  readonly bucketName: string;
  readonly learn: Learn;
  readonly newId: () => string;
  readonly clock: () => number;
}

/**
 * The result names the new version, or the reason why there is none. The version is a candidate
 * until someone promotes it.
 */
export type TrainedOnSchedule =
  | { readonly trained: true; readonly model: string; readonly version: string; readonly heldOut: Metrics['heldOut'] }
  | { readonly trained: false; readonly model: string; readonly reason: 'nothing-published' | 'nothing-new' }
  | { readonly trained: false; readonly model: string; readonly reason: 'refused'; readonly refused: Refusal };

/**
 * Trains a version from the data of the published generation, and adds it to the registry. If there
 * is no data, or no new data, it makes no version. It never changes existing versions or the
 * current one.
 */
export async function trainOnSchedule(
  definition: ModelDefinition,
  plan: Plan,
  scope: Scope,
  ports: TrainPorts,
): Promise<TrainedOnSchedule> {
  const { name: model } = definition;
  const { registry, bucket } = ports;
  const archived = await archivedFor(plan, scope, ports);
  if (archived === null) return { trained: false, model, reason: 'nothing-published' };
  const wanted = { trainedOn: archived, definition: definitionDigest(definition) };
  if (canonicalJson(await lastTraining(model, registry)) === canonicalJson(wanted))
    return { trained: false, model, reason: 'nothing-new' };

  const scratch = await mkdtemp(join(ports.scratchFolder, 'learn-'));
  const place: DraftPlace = { bucket: ports.bucketName, prefix: `drafts/${model}/${ports.newId()}/` };
  try {
    const table = join(scratch, TABLE_FILE);
    const trainedOn = await writeArchiveTable(definition, plan, scope, ports, table);
    if (trainedOn === null) return { trained: false, model, reason: 'nothing-published' };
    const request = join(scratch, REQUEST_FILE);
    await writeFile(request, JSON.stringify(await trainingRequest(definition, table)));
    await bucket.put(`${place.prefix}${TABLE_FILE}`, table, {});
    await bucket.put(`${place.prefix}${REQUEST_FILE}`, request, {});
    const refused = await ports.learn(place);
    if (refused !== null) return { trained: false, model, reason: 'refused', refused };
    for (const file of LEARNED_FILES) await bucket.download(`${place.prefix}${file}`, join(scratch, file));
    const versions = join(scratch, 'versions');
    await mkdir(versions);
    const made = madeOrRefused(() =>
      makeVersion(definition, trainedOn, scratch, versions, new Date(ports.clock()), null),
    );
    if ('code' in made) return { trained: false, model, reason: 'refused', refused: made };
    const { version, folder, metrics } = made;
    await registry.create(model, version, folder);
    return { trained: true, model, version, heldOut: metrics.heldOut };
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await bucket.deleteAll(place.prefix);
  }
}

/**
 * Turns a version that must not be used into a refusal, because a retry would give the same
 * version.
 */
function madeOrRefused(make: () => Version): Version | Refusal {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { code: error.code, ...error.explanation };
  }
}

/** The request for `train.py`, except for the paths of its files. */
export async function trainingRequest(definition: ModelDefinition, tableFile: string): Promise<object> {
  const { name, target, task, estimator, grid, folds, split, heldOutShare, seed } = definition;
  const features = await requestedFeatures(definition, tableFile);
  return { name, target, task, features, estimator, grid, folds, split, heldOutShare, seed };
}

/** The training data and definition of the newest version. Null if there is none. */
async function lastTraining(model: string, registry: ModelRegistry): Promise<unknown> {
  const newest = (await registry.versions(model)).at(-1);
  const bytes =
    newest === undefined ? null : await registry.read(model, newest, MANIFEST_FILE, Number.MAX_SAFE_INTEGER);
  if (newest === undefined || bytes === null) return null;
  const { trainedOn, definition } = readManifest(bytes, model, newest).content;
  return { trainedOn, definition };
}
