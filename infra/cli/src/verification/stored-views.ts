import type { Coverage, Pointer, StoragePlan } from '@bifold/core/engine';
import { newSnapshot } from '@bifold/engine';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';

/** The publication of a deployment's views, and the current coverage of an answer. */
export interface StoredViews {
  readonly pointer: Pointer;
  readonly coverage: Coverage;
}

export async function storedViews(
  context: Context,
  { version, topicId }: DeploymentRecord,
  storage: StoragePlan,
): Promise<StoredViews> {
  const database = await context.database();
  const scope = { version, topicId };
  const speed = database.speed(scope, storage);
  const pointer = await database.batch(scope, storage).readPointer('quorum');
  const { coverage } = await newSnapshot({ storage }, { snapshot: false }, pointer, { store: speed });
  return { pointer, coverage };
}
