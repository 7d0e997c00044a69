import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '@bifold/adapters/duckdb';
import type { SqlEngine } from '@bifold/core/engine';
import { optionalSetting } from './environment.ts';

/**
 * The share of the function's memory that the engine may use before it spills to disk. JavaScript
 * needs the rest.
 */
const ENGINE_SHARE = 0.5;

/**
 * The memory per processor of a function on AWS. More threads than processors only use more memory.
 */
const MIB_PER_PROCESSOR = 1769;

/**
 * Opens an engine that fits the function. It uses half of the memory, and spills to the scratch
 * disk, because the code folder is read-only on AWS.
 */
export function engineOfEnvironment(): Promise<SqlEngine> {
  const memoryMb = Number(optionalSetting('AWS_LAMBDA_FUNCTION_MEMORY_SIZE') ?? 1024);
  return openEngine({
    memoryLimit: `${Math.floor(memoryMb * ENGINE_SHARE)}MiB`,
    threads: Math.ceil(memoryMb / MIB_PER_PROCESSOR),
    tempDirectory: join(tmpdir(), `duckdb-${process.pid}`),
  });
}
