import { SymlinkFollowMode } from 'aws-cdk-lib';
import { Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FunctionCode } from '../bundling/function-code.ts';

/** The runtime of the functions and of their native packages. */
export const RUNTIME = Runtime.NODEJS_24_X;

/** The native packages as a layer, at `/opt/nodejs/node_modules`. */
export class NativeLayer extends LayerVersion {
  constructor(scope: Construct, id: string, { nativePackages, architecture }: FunctionCode) {
    super(scope, id, {
      // The package is pinned and locked, so its name and version identify it. 70 MB need not be
      // hashed at every synthesis.
      code: Code.fromAsset(nativePackages.folder, {
        followSymlinks: SymlinkFollowMode.ALWAYS,
        assetHash: nativePackages.hash,
      }),
      compatibleRuntimes: [RUNTIME],
      compatibleArchitectures: [architecture],
      description: 'native packages of Bifold functions',
    });
  }
}
