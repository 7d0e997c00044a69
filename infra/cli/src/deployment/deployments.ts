import { join } from 'node:path';
import type { CloudPaths } from '@bifold/cloud';
import type { Pipeline } from '@bifold/core';
import { CliError, UsageError } from '../errors.ts';
import { readJson, writeJson } from '../records/files.ts';

/**
 * The deployment of a pipeline. It is recorded here because the emulator may lose it, and `up` then
 * deploys it again.
 */
export interface DeploymentRecord {
  readonly pipeline: string;
  readonly topic: string;
  readonly version: string;
  readonly topicId: string;
  readonly apiId: string;
  readonly archiveBucket: string;
  readonly functions: Readonly<Record<string, string>>;
  /**
   * The settings of the deployment, as for `cdk -c`, so that it can be repeated. Absent in records
   * of earlier versions.
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** The ids of the source topics of the relay. Absent if there is no relay. */
  readonly relayed?: Readonly<Record<string, string>>;
  /** The digest of the deployed code. */
  readonly sources: string;
  readonly deployedAt: string;
}

interface RecordFile {
  readonly pipelines: Readonly<Record<string, DeploymentRecord>>;
}

const fileOf = (paths: CloudPaths): string => join(paths.stateDir, 'deployments.json');

export function readDeployments(paths: CloudPaths): readonly DeploymentRecord[] {
  return Object.values(readJson<RecordFile>(fileOf(paths))?.pipelines ?? {});
}

export function recordDeployment(paths: CloudPaths, record: DeploymentRecord): void {
  const pipelines = readJson<RecordFile>(fileOf(paths))?.pipelines ?? {};
  writeJson(fileOf(paths), { pipelines: { ...pipelines, [record.pipeline]: record } });
}

export function forgetDeployment(paths: CloudPaths, pipeline: string): void {
  const { [pipeline]: _, ...pipelines } = readJson<RecordFile>(fileOf(paths))?.pipelines ?? {};
  writeJson(fileOf(paths), { pipelines });
}

export function forgetAllDeployments(paths: CloudPaths): void {
  writeJson(fileOf(paths), { pipelines: {} });
}

/**
 * The record of a deployed pipeline.
 * @throws when the pipeline is not deployed
 */
export function deploymentOf(paths: CloudPaths, pipeline: string): DeploymentRecord {
  const records = readDeployments(paths);
  const found = records.find((record) => record.pipeline === pipeline);
  if (found) return found;
  throw new CliError('BIFOLD_NOT_DEPLOYED', {
    failed: `pipeline "${pipeline}" is not deployed`,
    received:
      records.length === 0 ? 'nothing is deployed' : `deployed: ${records.map((one) => one.pipeline).join(', ')}`,
    allowed: 'a pipeline that is deployed',
    remedy: `npx bifold deploy ${pipeline}`,
  });
}

/**
 * The record of a deployment whose version equals the local definition.
 * @throws {UsageError} when what is deployed is another definition: its rows have other keys or
 * values
 */
export function deployedAs(paths: CloudPaths, { plan }: Pick<Pipeline, 'plan'>): DeploymentRecord {
  const record = deploymentOf(paths, plan.name);
  if (record.version === plan.version) return record;
  throw new UsageError('BIFOLD_OTHER_DEFINITION', {
    failed: `pipeline "${plan.name}" is deployed as another definition than the one that is here`,
    received: `${plan.version}, which layers/pipelines defines now`,
    allowed: `${record.version}, which is deployed`,
    remedy: `npx bifold deploy ${plan.name}, which begins a view of the new one; or take the change of the definition back`,
  });
}

/**
 * Finds a definition by the name of its pipeline.
 * @throws {UsageError} when no pipeline has that name
 */
export function namedOf<T extends { readonly plan: { readonly name: string } }>(
  pipelines: readonly T[],
  name: string,
): T {
  const found = pipelines.find(({ plan }) => plan.name === name);
  if (found) return found;
  throw new UsageError('BIFOLD_UNKNOWN_PIPELINE', {
    failed: `there is no pipeline "${name}"`,
    received: `"${name}"`,
    allowed: pipelines.map(({ plan }) => plan.name).join(', ') || 'none: layers/pipelines lists no pipeline',
    remedy: 'correct the name, or add the pipeline to the list in layers/pipelines/src/index.ts',
  });
}
