import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CfnResource, type IAspect, Stack, Stage, Token } from 'aws-cdk-lib';
import { CfnFunction, CfnLayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import { DeploymentError } from '../errors.ts';

/**
 * Lambda's limits, which an emulator does not enforce. Code comes from S3, so the limit of 50 MB
 * for direct uploads does not apply.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const LAMBDA_LIMITS = {
  unzippedSizeBytes: 250 * 1024 * 1024,
  environmentSizeBytes: 4 * 1024,
  timeoutSeconds: 15 * 60,
  layers: 5,
} as const;

/**
 * Our own limit. Code is read and parsed at every cold start, so an import of a whole library must
 * be noticed.
 */
const CODE_SIZE_BYTES_MAX = 3 * 1024 * 1024;
/** The assumed size of a value that is known only at deployment. Addresses and ARNs are shorter. */
const UNKNOWN_VALUE_SIZE_BYTES = 256;

/**
 * Refuses a template that AWS would refuse, or that would start slowly, when it is synthesized.
 * @throws {DeploymentError} naming the function, the limit, and by how much it is exceeded.
 */
export class LambdaLimits implements IAspect {
  visit(node: IConstruct): void {
    if (!(node instanceof CfnFunction)) return;
    checkTimeout(node);
    checkEnvironment(node);
    checkSize(node);
  }
}

function checkTimeout(node: CfnFunction): void {
  const timeout = node.timeout ?? 0;
  if (Token.isUnresolved(timeout) || timeout <= LAMBDA_LIMITS.timeoutSeconds) return;
  refuse(node, 'BIFOLD_TIMEOUT_TOO_LONG', {
    received: `a timeout of ${timeout} s`,
    allowed: `${LAMBDA_LIMITS.timeoutSeconds} s`,
    remedy: 'shorten it',
  });
}

function checkEnvironment(node: CfnFunction): void {
  const environment: { variables?: Record<string, unknown> } = Stack.of(node).resolve(node.environment) ?? {};
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(environment.variables ?? {}))
    sizeBytes +=
      Buffer.byteLength(name) + (typeof value === 'string' ? Buffer.byteLength(value) : UNKNOWN_VALUE_SIZE_BYTES);
  if (sizeBytes <= LAMBDA_LIMITS.environmentSizeBytes) return;
  refuse(node, 'BIFOLD_ENVIRONMENT_TOO_LARGE', {
    received: `${sizeBytes} bytes of environment`,
    allowed: `${LAMBDA_LIMITS.environmentSizeBytes} bytes, names and values`,
    remedy: 'move what is long into an SSM parameter',
  });
}

function checkSize(node: CfnFunction): void {
  const stack = Stack.of(node);
  const code = assetSizes(node, stack.resolve(node.code));
  if (code.codeBytes > CODE_SIZE_BYTES_MAX)
    refuse(node, 'BIFOLD_BUNDLE_TOO_LARGE', {
      received: `${code.codeBytes} bytes of code`,
      allowed: `${CODE_SIZE_BYTES_MAX} bytes`,
      remedy: 'look for an import that brings more than it is used for',
    });
  const layers: unknown[] = stack.resolve(node.layers) ?? [];
  if (layers.length > LAMBDA_LIMITS.layers)
    refuse(node, 'BIFOLD_TOO_MANY_LAYERS', {
      received: `${layers.length} layers`,
      allowed: `${LAMBDA_LIMITS.layers}`,
      remedy: 'put them together',
    });
  const layerBytes = layers.map((layer) => assetSizes(node, layerContent(node, layer)).allBytes);
  const allBytes = layerBytes.reduce((sum, bytes) => sum + bytes, code.allBytes);
  if (allBytes > LAMBDA_LIMITS.unzippedSizeBytes)
    refuse(node, 'BIFOLD_FUNCTION_TOO_LARGE', {
      received: `${allBytes} bytes of code and layers, unzipped`,
      allowed: `${LAMBDA_LIMITS.unzippedSizeBytes} bytes`,
      remedy: 'leave packages out of the layer, or make the function a container image',
    });
}

/** The content of a layer of the same stack; only AWS knows a layer from elsewhere. */
function layerContent(node: CfnFunction, layer: unknown): unknown {
  const stack = Stack.of(node);
  const logicalId = typeof layer === 'object' && layer !== null && 'Ref' in layer ? layer.Ref : null;
  const found = stack.node
    .findAll()
    .find((one) => CfnResource.isCfnResource(one) && stack.resolve(one.logicalId) === logicalId);
  return found instanceof CfnLayerVersion ? stack.resolve(found.content) : null;
}

/**
 * Sizes of an asset, found by its key: the assembly keeps the folder of `<hash>.zip` as
 * `asset.<hash>`.
 */
function assetSizes(node: IConstruct, code: unknown): { codeBytes: number; allBytes: number } {
  const sizes = { codeBytes: 0, allBytes: 0 };
  const key = typeof code === 'object' && code !== null && 's3Key' in code ? code.s3Key : null;
  if (typeof key !== 'string' || !key.endsWith('.zip')) return sizes;
  const folder = join(Stage.of(node)?.assetOutdir ?? '', `asset.${key.slice(0, -'.zip'.length)}`);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const sizeBytes = lstatSync(join(entry.parentPath, entry.name)).size;
    sizes.allBytes += sizeBytes;
    if (/\.[cm]?js$/.test(entry.name)) sizes.codeBytes += sizeBytes;
  }
  return sizes;
}

function refuse(
  node: CfnFunction,
  code: string,
  { received, allowed, remedy }: { readonly received: string; readonly allowed: string; readonly remedy: string },
): never {
  throw new DeploymentError(code, {
    failed: `function "${node.functionName ?? node.node.path}" exceeds a limit of Lambda`,
    received,
    allowed: `at most ${allowed}`,
    remedy,
  });
}
