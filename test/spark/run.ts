import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  foldOf,
  interpret,
  keyText,
  type LogRecord,
  type ResolveLookup,
  type Result,
  type Value,
} from '@bifold/core/engine';
import { runSparkScript, type SparkSoftware } from '../bench/spark.ts';
import type { Case, Row } from './case.ts';
import { type Comparison, compareRows, compareTexts, type SparkRow } from './compare.ts';
import { type StreamCase, streamRows, writtenStream } from './streams.ts';

const script = join(import.meta.dirname, 'spark_cases.py');

const REFUSED = 'Spark refuses the window: compared with windows as long as its slide, of which the first part counts';

/**
 * The result of a case. `differs` is a success like `equal`: the difference was predicted, and is
 * as predicted.
 */
export interface Outcome {
  readonly name: string;
  readonly result: 'equal' | 'differs' | 'wrong';
  /** Why, where something differs. */
  readonly said: readonly string[];
  readonly remarks: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly seconds: number;
}

/** A line that Spark's side prints. */
interface SparkLine {
  readonly name: string;
  readonly seconds: number;
  readonly failed?: string;
  readonly refused: string | null;
  readonly batches: readonly (readonly SparkRow[])[];
}

/** The same for two streams that become one: rows are lists of values. */
interface SparkStreamLine extends Omit<SparkLine, 'batches'> {
  readonly batches: readonly (readonly (readonly unknown[])[])[];
}

const isStream = (one: Case | StreamCase): one is StreamCase => 'of' in one;

/** Runs all cases in one session of Spark, and compares each as soon as it is there. */
export async function* runCases(
  cases: readonly (Case | StreamCase)[],
  software: SparkSoftware,
  stateDir: string,
  signal: AbortSignal,
): AsyncGenerator<Outcome> {
  mkdirSync(join(stateDir, 'tmp'), { recursive: true });
  const scratch = mkdtempSync(join(stateDir, 'tmp', 'cases-'));
  try {
    const folders = new Map(cases.map((one, number) => [one.name, join(scratch, `case-${number}`)]));
    const folderOf = ({ name }: Case | StreamCase) => folders.get(name) as string;
    const task = {
      scratch,
      cases: cases.filter((one) => !isStream(one)).map((one) => written(one as Case, folderOf(one))),
      streams: cases.filter(isStream).map((one) => writtenStream(one, folderOf(one))),
    };
    const file = join(scratch, 'task.json');
    writeFileSync(file, JSON.stringify(task));
    const left = new Map(cases.map((one) => [one.name, one]));
    for await (const line of runSparkScript(software, script, file, stateDir, scratch, signal)) {
      const answer = JSON.parse(line, longs) as SparkLine;
      const one = left.get(answer.name) as Case | StreamCase;
      yield await (isStream(one)
        ? outcomeOfStream(one, folderOf(one), answer as unknown as SparkStreamLine)
        : outcomeOf(one, answer));
      left.delete(answer.name);
    }
    if (left.size > 0) throw new Error(`Spark ended without an answer to ${[...left.keys()].join('; ')}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Writes Spark's input of a case, and returns its arguments. */
function written(one: Case, folder: string) {
  const input = join(folder, 'input');
  mkdirSync(input, { recursive: true });
  one.batches.forEach((lines, number) => {
    const file = join(input, `${String(number).padStart(4, '0')}.json`);
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    // Spark takes files in the order of their times.
    utimesSync(file, 1_700_000_000 + number, 1_700_000_000 + number);
  });
  const lookups = Object.entries(one.lookups ?? {}).map(([name, rows]) => {
    const file = join(folder, `lookup-${name}.json`);
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return [name, file] as const;
  });
  const { name, mode = 'complete', watermarkMs = null } = one;
  return {
    name,
    mode,
    watermarkMs,
    plan: one.pipeline.plan,
    folder: input,
    batches: one.batches.length,
    lookups: Object.fromEntries(lookups),
  };
}

async function outcomeOf(one: Case, answer: SparkLine): Promise<Outcome> {
  const { name, seconds } = answer;
  const told: Outcome = { name, seconds, result: 'wrong', said: [], remarks: {}, rows: 0 };
  if (answer.failed !== undefined) return { ...told, said: [`Spark failed: ${answer.failed}`] };
  if ((answer.refused !== null) !== (one.isRefused ?? false))
    return { ...told, said: [answer.refused ?? 'Spark does not refuse it any more'] };
  const spark = shownAtTheEnd(one, answer.batches);
  const compared = (rows: readonly Row[]): Comparison => compareRows(one.pipeline.plan, rows, spark);

  const { rows, quarantined } = await folded(one, one.batches.flat());
  const poison = JSON.stringify(one.quarantined ?? {});
  if (JSON.stringify(quarantined) !== poison)
    return { ...told, said: [`Bifold quarantined ${JSON.stringify(quarantined)}, not ${poison}`] };
  const plain = compared(rows);
  const done = (result: Outcome['result'], said: readonly string[], { remarks }: Comparison): Outcome => ({
    ...told,
    result,
    said,
    remarks: Object.fromEntries(remarks),
    rows: spark.length,
  });
  if (one.differs === undefined) {
    const said = answer.refused === null ? [] : [REFUSED];
    return plain.differences.length > 0 ? done('wrong', plain.differences, plain) : done('equal', said, plain);
  }
  const { why, folded: lines, becomes = (same) => same } = one.differs;
  if (plain.differences.length === 0) return done('wrong', [`it does not differ any more: ${why}`], plain);
  const put = compared(becomes(lines === undefined ? rows : (await folded(one, lines)).rows));
  return put.differences.length > 0 ? done('wrong', put.differences, put) : done('differs', [why], put);
}

async function outcomeOfStream(one: StreamCase, folder: string, answer: SparkStreamLine): Promise<Outcome> {
  const { name, seconds } = answer;
  const spark = (answer.batches ?? []).flat().map((row) => JSON.stringify(row));
  const told: Outcome = { name, seconds, result: 'wrong', said: [], remarks: {}, rows: spark.length };
  if (answer.failed !== undefined) return { ...told, said: [`Spark failed: ${answer.failed}`] };
  const plain = compareTexts(await streamRows(one, folder), spark);
  if (one.differs === undefined) return { ...told, result: plain.length === 0 ? 'equal' : 'wrong', said: plain };
  const { why, joined, becomes } = one.differs;
  if (plain.length === 0) return { ...told, said: [`it does not differ any more: ${why}`] };
  const put = compareTexts((await streamRows({ ...one, ...joined }, join(folder, 'put'))).map(becomes), spark);
  return put.length > 0 ? { ...told, said: put } : { ...told, result: 'differs', said: [why] };
}

/** The final rows of a reader of Spark's sink. */
function shownAtTheEnd({ mode = 'complete' }: Case, batches: SparkLine['batches']): readonly SparkRow[] {
  switch (mode) {
    case 'complete':
      return batches.at(-1) ?? [];
    case 'append':
      return batches.flat();
    case 'update':
      return [...new Map(batches.flat().map((row) => [`${row.startMs} ${keyText(row.key)}`, row])).values()];
  }
}

/** The plain fold, by core's memory interpreter: the lines are a log of one partition. */
async function folded(
  { pipeline, lookups = {}, given = () => true }: Case,
  lines: readonly string[],
): Promise<{ readonly rows: readonly Row[]; readonly quarantined: Readonly<Record<string, number>> }> {
  const log = lines.map((line, offset): LogRecord => {
    const value = Buffer.from(line);
    return { partition: 0, offset, timestampMs: 0, key: null, value, headers: [] };
  });
  const tables = pipeline.plan.lookups.map(
    ({ name, key }) => new Map(lookups[name]?.map((row) => [String(row[key]), row])),
  );
  const resolve: ResolveLookup = (position, key) => tables[position]?.get(key) ?? null;
  const { rows, quarantined } = await interpret(pipeline, log, { 0: [[0, lines.length]] }, () => resolve);
  const { view } = foldOf(pipeline).rows;
  return {
    quarantined,
    rows: Array.from(rows.values(), ({ key, startMs, endMs, states }) => ({
      key: JSON.parse(key) as readonly Value[],
      startMs,
      endMs,
      values: view.present(states) as Record<string, Result>,
    })).filter(given),
  };
}

/** JSON numbers are doubles: Spark's longs and infinities come as texts. */
function longs(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('long' in value) return BigInt(value.long as string);
  return 'double' in value ? Number(String(value.double).replace('inf', 'Infinity')) : value;
}
