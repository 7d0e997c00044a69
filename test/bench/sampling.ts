/** The time that the processes of a run spend in each function, from samples of their stacks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Seconds by stage. */
export type StageSeconds = Readonly<Record<string, number>>;

/**
 * The stage of a frame, by the file that it was written in; the innermost frame that has one
 * decides.
 */
export type StageOf = (file: string, functionName: string) => string | null;

const V8_STAGES: ReadonlyMap<string, string> = new Map([
  ['(idle)', 'wait'],
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'native'],
]);

const within = (stages: readonly (readonly [RegExp, string])[]): StageOf => {
  return (file, functionName) => stages.find(([pattern]) => pattern.test(`${file}#${functionName}`))?.[1] ?? null;
};

export const functionStages: StageOf = within([
  [/cassandra/, 'cassandra'],
  [/functions\/src\/speed\/event\.ts/, 'base64, records'],
  [/core\/src\/record\.ts|node_modules\/zod/, 'decode'],
  [/core\/src\/(fold|evaluate|segment|row|codec)\.ts|core\/src\/aggregates/, 'fold'],
  [/powertools|middy/, 'log, metrics'],
  [/platformatic/, 'topic id'],
  [/_worker\.[cm]?js|node:internal\/readline|node:readline/, 'receive, parse event'],
  [/functions\/src/, 'fold'],
]);

export const triggerStages: StageOf = within([
  [/trigger\/src\/(event|batcher)\.ts/, 'envelope'],
  [/kafkajs|trigger\/src\/source\.ts/, 'consume'],
  [/trigger\/src\/invoke\.ts|aws-sdk|smithy|node:_http|node:internal\/http/, 'invoke'],
  [/trigger\/src/, 'dispatch'],
]);

/** `--import` for a process whose stacks are to be sampled into a folder. */
export function probeOption(into: string): string {
  const probe = pathToFileURL(join(import.meta.dirname, 'probe.ts'));
  probe.searchParams.set('into', into);
  return `--import=${probe.href}`;
}

/** Processes that have loaded the probe. */
export function probedProcesses(into: string): readonly number[] {
  return readdirSync(into)
    .filter((name) => name.endsWith('.ready'))
    .map((name) => Number.parseInt(name, 10));
}

/**
 * Starts or ends the sampling of all probed processes; at the end, waits for what they write, and
 * reads it while their code is still there.
 */
export async function toggleSampling(into: string, ends: boolean): Promise<ReadonlyMap<number, CpuProfile>> {
  const living = probedProcesses(into).filter((pid) => {
    try {
      return process.kill(pid, 'SIGUSR2');
    } catch {
      return false;
    }
  });
  const profiles = new Map<number, CpuProfile>();
  if (!ends) return profiles;
  const deadlineMs = performance.now() + 10_000;
  for (const pid of living) {
    const file = join(into, `${pid}.cpuprofile`);
    while (!existsSync(file) && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 20));
    if (existsSync(file)) profiles.set(pid, JSON.parse(readFileSync(file, 'utf8')) as CpuProfile);
  }
  return profiles;
}

/**
 * Seconds by stage of one process. Frames of a bundle count as those of the files that it was made
 * of.
 */
export function stageSeconds(profile: CpuProfile, stageOf: StageOf): StageSeconds {
  const maps = new Map<string, SourceMap | null>();
  const fileOf = ({ url, lineNumber, columnNumber }: CallFrame): string => {
    if (!url.startsWith('file:')) return url;
    let map = maps.get(url);
    if (map === undefined) {
      const path = `${fileURLToPath(url)}.map`;
      map = existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : null;
      maps.set(url, map);
    }
    const entry = map?.findEntry(lineNumber, columnNumber);
    return entry !== undefined && 'originalSource' in entry ? entry.originalSource : url;
  };

  const parents = new Map<number, number>();
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const { id, children = [] } of profile.nodes) for (const child of children) parents.set(child, id);
  const stages = new Map<number, string>();
  const stageOfNode = (id: number): string => {
    const known = stages.get(id);
    if (known !== undefined) return known;
    const frame = byId.get(id)?.callFrame;
    const parent = parents.get(id);
    const own =
      frame === undefined ? null : (V8_STAGES.get(frame.functionName) ?? stageOf(fileOf(frame), frame.functionName));
    const stage = own ?? (parent === undefined ? 'runtime, sockets' : stageOfNode(parent));
    stages.set(id, stage);
    return stage;
  };
  const seconds: Record<string, number> = {};
  profile.samples.forEach((id, index) => {
    const stage = stageOfNode(id);
    seconds[stage] = (seconds[stage] ?? 0) + (profile.timeDeltas[index] ?? 0) / 1e6;
  });
  return seconds;
}

export function sumOfStages(all: Iterable<StageSeconds>): StageSeconds {
  const sums: Record<string, number> = {};
  for (const one of all) for (const [stage, seconds] of Object.entries(one)) sums[stage] = (sums[stage] ?? 0) + seconds;
  return Object.fromEntries(Object.entries(sums).sort(([, left], [, right]) => right - left));
}
