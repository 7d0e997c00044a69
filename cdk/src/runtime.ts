import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import type { Settings } from './settings.ts';

/** What the functions run on, and what their native packages are built for. */
export const RUNTIME = Runtime.NODEJS_24_X;

export function architectureOf(settings: Settings): Architecture {
  return settings.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
}
