import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { OnProgress } from '@bifold/cloud';
import { throughput } from '@bifold/example-throughput';
import type { BenchCloud, Invocation } from './bench-cloud.ts';
import { fillTopic } from './topic.ts';

/** One function over everything that waits for it. */
interface Worked extends Invocation {
  readonly name: 'archive' | 'recompute';
  readonly recordsPerSecond: number;
}

export interface W5Measured {
  readonly events: number;
  readonly functions: readonly Worked[];
  /** The number of files in the chain. */
  readonly files: number;
  readonly largestFileBytes: number;
}

const { plan } = throughput;

/**
 * W5: a topic that nothing was archived of yet. One invocation archives all of it, then one
 * recomputes the views; each in a new process.
 */
export async function runW5(
  cloud: BenchCloud,
  { events, seed, pace }: { readonly events: number; readonly seed: number; readonly pace: number },
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<W5Measured> {
  await cloud.up();
  const startedAtMs = performance.now();
  const { id, ends } = await fillTopic(
    cloud.addresses.kafka.brokersInternal,
    plan.topic,
    { seed, pace, count: events },
    signal,
  );
  onProgress({ kind: 'done', step: 'events into a topic', ms: Math.round(performance.now() - startedAtMs) });
  const { functions } = await cloud.deploy(plan, id, '');
  const measured: Worked[] = [];
  for (const name of ['archive', 'recompute'] as const) {
    signal.throwIfAborted();
    const invocation = await cloud.invoke(functions[name]);
    measured.push({ ...invocation, name, recordsPerSecond: events / invocation.seconds });
  }
  const [archived] = measured;
  const behind = archived?.answer as readonly { readonly partition: number; readonly end: number }[];
  for (const { partition, end } of behind)
    if (end !== ends.get(partition))
      throw new Error(`partition ${partition} is archived up to ${end}, not up to ${ends.get(partition)}`);
  const files = chainFiles(join(cloud.paths.dataDir, 'emulator', 's3'));
  return { events, functions: measured, files: files.length, largestFileBytes: Math.max(...files) };
}

/** Sizes of the Parquet files of the archive, as the emulator keeps them. */
function chainFiles(folder: string): readonly number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.includes('/archive/') && entry.name.endsWith('.parquet'))
    .map(({ parentPath, name }) => statSync(join(parentPath, name)).size);
}

export function backlogText({ events, functions, files, largestFileBytes }: W5Measured): string {
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  return [
    `W5: ${whole(events)} events that wait to be archived`,
    ...functions.map(
      ({ name, seconds, recordsPerSecond, peakMiB, limitMiB }) =>
        `${name.padEnd(10)} ${seconds.toFixed(1)} s  ${whole(recordsPerSecond)} records/s  ` +
        `peak ${peakMiB} MiB of ${limitMiB}`,
    ),
    `chain: ${files} files, the largest ${(largestFileBytes / 2 ** 20).toFixed(1)} MiB`,
  ].join('\n');
}
