import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../../infra/cli/src/command-line/bifold.fixture.ts';
import { type FileCase, isRefusal, type Outcome } from './corpus/case.ts';
import { CORPUS } from './corpus/corpus.ts';
import { expectRefusal } from './corpus/refusals.ts';
import { writeCase } from './corpus/write-case.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bifold-corpus-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Converts a file, and compares its bad rows, remarks or refusal with the expected ones. */
async function convert(input: string, options: readonly string[], output: string, expected: Outcome): Promise<void> {
  const rejects = `${output}.rejects`;
  const { status, stderr } = await runCommand('convert', [input, output, '--rejects', rejects, ...options]);
  if (isRefusal(expected)) {
    expectRefusal({ status, stderr }, expected);
    const left = readdirSync(folder).map((name) => join(folder, name));
    expect(left.filter((path) => path.startsWith(output))).toEqual([]);
    return;
  }
  const { bad = [], told = '' } = expected;
  const lines = existsSync(rejects) ? readFileSync(rejects, 'utf8').trim().split('\n') : [];
  const found = lines.map((line) => JSON.parse(line) as { line: number; reason: string });
  expect(found).toEqual(
    bad.map(({ line, reason }) => ({ line, reason: expect.stringContaining(reason), row: expect.any(String) })),
  );
  expect(stderr).toContain(told);
  expect(status).toBe(bad.length === 0 ? 0 : 1);
}

const linesOf = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

function expectRows(path: string, rows: readonly string[]): void {
  const lines = linesOf(path);
  // A difference of many megabytes takes minutes to print.
  const first = lines.findIndex((line, index) => line !== rows[index]);
  expect(first < 0 ? '' : lines[first]?.slice(0, 500)).toBe(first < 0 ? '' : rows[first]?.slice(0, 500));
  expect(first).toBe(-1);
  expect(lines).toHaveLength(rows.length);
}

async function convertsAsExpected(each: FileCase): Promise<void> {
  const { options = [], gives, throughCsv = gives, throughParquet = gives } = each;
  const input = await writeCase(folder, each);
  const path = (extension: string) => join(folder, `${each.file}-out.${extension}`);
  await convert(input, options, path('jsonl'), gives);
  if (!isRefusal(gives)) expectRows(path('jsonl'), gives.rows);
  for (const [format, outcome] of [
    ['csv', throughCsv],
    ['parquet', throughParquet],
  ] as const) {
    await convert(input, options, path(format), outcome);
    if (isRefusal(outcome)) continue;
    const back = path(`${format}.jsonl`);
    await convert(path(format), [], back, { rows: [] });
    expectRows(back, outcome.rows);
  }
}

describe.each(Object.entries(CORPUS))('convert: %s', (_, cases) => {
  it.each(cases)('a file with $title is converted to every format, or refused', convertsAsExpected);
});
