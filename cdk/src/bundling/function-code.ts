import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { type Bundles, bundleHandlers } from './bundle.ts';
import { findNativePackages, type NativePackages } from './native-packages.ts';

/** The code of all functions of a pipeline, for one architecture. Pipelines share it. */
export interface FunctionCode {
  readonly bundles: Bundles;
  readonly nativePackages: NativePackages;
  readonly architecture: Architecture;
  /** The root of the checkout, which holds the Python sources of the function that learns. */
  readonly root: string;
}

export interface FunctionCodeOptions {
  /** The root of the checkout, which holds `functions` and `node_modules`. */
  readonly root: string;
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture | undefined;
  /**
   * Platform of the native packages, in npm's form. It differs from the architecture if functions
   * run as processes of a machine that is not Linux.
   * @default - `linux-arm64` or `linux-x64`, by the architecture
   */
  readonly nativePlatform?: string | undefined;
}

/**
 * Bundles the functions, and finds their native packages.
 *
 * @example
 * const code = await bundleFunctions({ root: process.cwd() });
 * new BifoldPipeline(stack, 'Delays', { pipeline: delays, topicId, code });
 * @throws {DeploymentError} when a handler does not bundle, or a native package is not installed
 */
export async function bundleFunctions(options: FunctionCodeOptions): Promise<FunctionCode> {
  return functionCode(await bundleHandlers(options.root), options);
}

/** The code of functions that were bundled before. */
export function functionCode(
  bundles: Bundles,
  { root, architecture = Architecture.ARM_64, nativePlatform = platformOf(architecture) }: FunctionCodeOptions,
): FunctionCode {
  return { bundles, nativePackages: findNativePackages(root, nativePlatform), architecture, root };
}

function platformOf(architecture: Architecture): string {
  return architecture.name === Architecture.ARM_64.name ? 'linux-arm64' : 'linux-x64';
}
