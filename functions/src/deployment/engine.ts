import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEngine } from '@bifold/adapters/duckdb';
import type { SqlEngine } from '@bifold/core/engine';
import { optionalSetting } from './environment.ts';

/**
 * The share of the function's memory that the engine may use before it spills: the rest is
 * JavaScript's.
 */
const ENGINE_SHARE = 0.5;

/**
 * AWS gives a function one processor for each so many MiB. More threads than that only hold more
 * memory.
 */
const MIB_PER_PROCESSOR = 1769;

/**
 * An engine that fits the function: half of its memory, and its scratch disk for what exceeds that
 * (the code's own folder is read-only on AWS).
 */
export function engineOfEnvironment(): Promise<SqlEngine> {
  const memoryMb = Number(optionalSetting('AWS_LAMBDA_FUNCTION_MEMORY_SIZE') ?? 1024);
  return openEngine({
    memoryLimit: `${Math.floor(memoryMb * ENGINE_SHARE)}MiB`,
    threads: Math.ceil(memoryMb / MIB_PER_PROCESSOR),
    tempDirectory: join(tmpdir(), `duckdb-${process.pid}`),
  });
}
