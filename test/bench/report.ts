import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BifoldRun } from './bifold.ts';
import type { StageSeconds } from './sampling.ts';
import type { SparkRun } from './spark.ts';

export interface W1Run {
  readonly bifold: BifoldRun;
  readonly spark: SparkRun;
  /** The one-minute load average before the run: above a few tenths, another process was active. */
  readonly loadBefore: number;
}

/** The profile of a separate run, in which stacks are sampled: its speed is not reported. */
export interface W1Profile {
  readonly seconds: number;
  readonly trigger: StageSeconds;
  /** All function processes together. */
  readonly functions: StageSeconds;
}

export interface W1Report {
  readonly work: 'W1';
  readonly date: string;
  readonly commit: string;
  readonly machine: { readonly cores: number; readonly memoryGiB: number; readonly node: string };
  readonly events: number;
  /** Events in a second of event time. */
  readonly pace: number;
  readonly rows: number;
  readonly runs: readonly W1Run[];
  readonly profile: W1Profile;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { min: at(0), median, max: at(sorted.length - 1) };
}

/** Each line of the table: what it is, and its value in each run. */
export function measures({ events, runs }: Pick<W1Report, 'events' | 'runs'>) {
  const each = (value: (run: W1Run) => number) => spreadOf(runs.map(value));
  const rate = (seconds: number) => events / seconds;
  return {
    bifold: each(({ bifold }) => rate(bifold.seconds)),
    sparkFirst: each(({ spark }) => rate(spark.first.seconds)),
    sparkWarm: each(({ spark }) => rate(spark.warm.seconds)),
    ratioFirst: each(({ bifold, spark }) => spark.first.seconds / bifold.seconds),
    ratioWarm: each(({ bifold, spark }) => spark.warm.seconds / bifold.seconds),
  };
}

export function textOf(report: W1Report): string {
  const measured = measures(report);
  const whole = ({ min, median, max }: Spread) =>
    [min, median, max].map((value) => Math.round(value).toLocaleString('en'));
  const ratio = ({ min, median, max }: Spread) => [min, median, max].map((value) => `${value.toFixed(2)}x`);
  const { runs, profile, machine } = report;
  const planning = spreadOf(runs.map(({ spark }) => spark.first.planningSeconds)).median;
  const session = spreadOf(runs.map(({ spark }) => spark.first.sessionSeconds)).median;
  const lines = [
    `W1: ${report.events.toLocaleString('en')} events, ${report.rows.toLocaleString('en')} rows of about ${Math.round(report.events / report.rows)}, ` +
      `${runs.length} runs; ` +
      `${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}, commit ${report.commit}`,
    `invocations: ${runs.map(({ bifold }) => bifold.invocations).join(', ')}; failures: ${runs.map(({ bifold }) => bifold.failures).join(', ')}`,
    `load average before the runs: ${runs.map(({ loadBefore }) => loadBefore.toFixed(2)).join(', ')}`,
    '',
    ...table([
      ['events/s', 'min', 'median', 'max'],
      ['Bifold: trigger, Lambda API, Cassandra', ...whole(measured.bifold)],
      ['Spark local[2], first query of its JVM', ...whole(measured.sparkFirst)],
      ['Spark local[2], JVM warm', ...whole(measured.sparkWarm)],
      ['Bifold : Spark, first query', ...ratio(measured.ratioFirst)],
      ['Bifold : Spark, JVM warm', ...ratio(measured.ratioWarm)],
    ]),
    '',
    `Not in the clocks: function processes started and connected; Spark's session (${session.toFixed(1)} s). ` +
      `In Spark's clock: query planning (${planning.toFixed(1)} s).`,
    '',
    'Processor seconds while Bifold ran (median run), and their share:',
    ...shares(medianRun(runs).bifold.processorSeconds),
    '',
    `Wall seconds in the trigger (median run of ${medianRun(runs).bifold.seconds.toFixed(2)} s; lanes side by side):`,
    ...shares(medianRun(runs).bifold.triggerSeconds),
    '',
    `Samples, in a run of its own (${profile.seconds.toFixed(2)} s). Trigger:`,
    ...shares(profile.trigger),
    'Functions, all processes together:',
    ...shares(profile.functions),
  ];
  return lines.join('\n');
}

function medianRun(runs: readonly W1Run[]): W1Run {
  const sorted = [...runs].sort((left, right) => left.bifold.seconds - right.bifold.seconds);
  return sorted[sorted.length >> 1] as W1Run;
}

function shares(seconds: Readonly<Record<string, number>>): string[] {
  const total = Object.values(seconds).reduce((sum, each) => sum + each, 0);
  return table(
    Object.entries(seconds)
      .filter(([, each]) => each >= 0.005 * total)
      .map(([name, each]) => [`  ${name}`, `${each.toFixed(2)} s`, `${Math.round((100 * each) / total)} %`]),
  );
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart((widths[column] ?? 0) + 2)))
      .join(''),
  );
}

/** @returns the file's path */
export function writeReport(report: W1Report): string {
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${report.date.slice(0, 10)}-W1.json`);
  const short = (_: string, value: unknown) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value);
  writeFileSync(file, `${JSON.stringify(report, short, 2)}\n`);
  return file;
}
