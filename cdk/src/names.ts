import { createHash } from 'node:crypto';
import type { Plan } from '@bifold/core/engine';

/** The functions of a pipeline. `relay` exists only if the pipeline has a repartition topic. */
export const FUNCTION_ROLES = ['relay', 'speed', 'archive', 'recompute', 'sweep', 'query'] as const;
export type PipelineRole = (typeof FUNCTION_ROLES)[number];
/**
 * The roles that are written in TypeScript, and bundled. `train` exists if models are trained on a
 * schedule.
 */
export const BUNDLED_ROLES = [...FUNCTION_ROLES, 'train'] as const;
export type BundledRole = (typeof BUNDLED_ROLES)[number];
/** All functions that a stack may have. `learn` is in Python. */
export const ALL_ROLES = [...BUNDLED_ROLES, 'learn'] as const;
export type FunctionRole = (typeof ALL_ROLES)[number];

export function rolesOf({ relay }: Pick<Plan, 'relay'>): readonly PipelineRole[] {
  return FUNCTION_ROLES.filter((role) => role !== 'relay' || relay !== undefined);
}

/**
 * A bucket's name, `bifold-<name>-<account>-<region>`, must fit in 63 characters: 28 are left for
 * the pipeline with the longest region.
 */
const PLAIN_NAME = /^[a-z][a-z0-9-]{0,26}[a-z0-9]$/;

/**
 * The name of a pipeline within names of AWS resources. A name that is too long becomes a readable
 * part and a hash.
 */
export function resourceName(pipeline: string): string {
  if (PLAIN_NAME.test(pipeline)) return pipeline;
  const readable = pipeline
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 19)
    .replace(/-$/, '');
  return `${readable}-${createHash('sha256').update(pipeline).digest('hex').slice(0, 8)}`;
}

export function stackName(pipeline: string): string {
  return `Bifold-${resourceName(pipeline)}`;
}

/**
 * Functions have fixed names, so that a role can be limited to its own log group before the
 * function exists.
 */
export function functionName(pipeline: string, role: FunctionRole): string {
  return `bifold-${resourceName(pipeline)}-${role}`;
}

/**
 * A consumer group of one view version and one topic id: offsets committed for another one would
 * mean nothing.
 */
export function consumerGroupId(version: string, topicId: string): string {
  return `bifold-${version}-${topicId.slice(0, 8)}`;
}

/**
 * The consumer group of a relay for one source. It contains the topic ids of both topics. The name
 * of the repartition topic contains a hash of the partitioning.
 */
export function relayGroupId(topic: string, topicId: string, source: string): string {
  return `bifold-${topic}-${topicId.slice(0, 8)}-${source.slice(0, 8)}`;
}
