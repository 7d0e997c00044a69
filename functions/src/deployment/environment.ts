import { BifoldError, type Pipeline } from '@bifold/core';
import type { Scope } from '@bifold/core/engine';
import { pipelines } from '@bifold/pipelines';

/** A function with settings that it cannot run with. */
class EnvironmentError extends BifoldError {}

/**
 * The deployment of a function: the pipeline in this bundle, and the scope of the keys that it
 * writes.
 */
export interface Deployment {
  readonly pipeline: Pipeline;
  readonly scope: Scope;
}

/**
 * Reads `BIFOLD_PIPELINE`, `BIFOLD_VERSION`, `BIFOLD_TOPIC_ID`. @throws {EnvironmentError} also
 * when the bundle's definition is not the deployed one
 */
export function deploymentOf(): Deployment {
  const name = setting('BIFOLD_PIPELINE');
  const pipeline = pipelines.find(({ plan }) => plan.name === name);
  if (!pipeline) {
    throw new EnvironmentError('BIFOLD_UNKNOWN_PIPELINE', {
      failed: 'a function was deployed for a pipeline that its bundle does not hold',
      received: `"${name}"`,
      allowed: pipelines.map(({ plan }) => plan.name).join(', '),
      remedy: 'deploy again',
    });
  }
  const version = setting('BIFOLD_VERSION');
  if (version !== pipeline.plan.version) {
    throw new EnvironmentError('BIFOLD_OTHER_VERSION', {
      failed: `the definition of "${name}" in the bundle is not the one that was deployed`,
      received: pipeline.plan.version,
      allowed: version,
      remedy: 'deploy again, so that settings and code come from one definition',
    });
  }
  return { pipeline, scope: { version, topicId: setting('BIFOLD_TOPIC_ID') } };
}

export function setting(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new EnvironmentError('BIFOLD_SETTING_MISSING', {
    failed: 'a function cannot start',
    received: `no ${name} in its environment`,
    allowed: 'the settings that the stack gives it',
    remedy: 'deploy again with the stack of this project',
  });
}

/** An optional setting; undefined when absent or empty. */
export function optionalSetting(name: string): string | undefined {
  return process.env[name] || undefined;
}

export function listSetting(name: string): readonly string[] {
  return setting(name)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** A setting that is a JSON object of texts. */
export function mapSetting(name: string): Readonly<Record<string, string>> {
  const text = setting(name);
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && Object.values(parsed).every((one) => typeof one === 'string'))
      return { ...parsed } as Record<string, string>;
  } catch {
    // Refused below.
  }
  throw new EnvironmentError('BIFOLD_BAD_SETTING', {
    failed: `a function cannot read its setting ${name}`,
    received: text,
    allowed: 'a JSON object of texts',
    remedy: 'deploy again with the stack of this project',
  });
}
