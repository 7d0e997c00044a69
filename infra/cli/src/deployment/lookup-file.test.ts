import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Column } from '@bifold/core/engine';
import { afterAll, expect, it } from '@jest/globals';
import { lookupRecords } from './lookup-file.ts';
import { storedRow } from './lookup-tables.ts';

const columns: readonly Column[] = [
  { name: 'at', type: 'timestamp', nullable: false },
  { name: 'seats', type: 'integer', nullable: true },
];
const at = '2013-01-01T10:00:00Z';
const folder = mkdtempSync(join(tmpdir(), 'bifold-lookup-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

it.each([
  ['a.csv', `seats,at,more\n3,${at},x\nNA,${at},\n`],
  ['a.tsv', `seats\tat\n3\t${at}\nNA\t${at}\n`],
  ['a.jsonl', `{"seats":3,"at":"${at}"}\n\n{"seats":null,"at":"${at}"}\n`],
])('the rows of %s are records of the schema', async (name, text) => {
  expect(await lookupRecords({ columns, optional: new Set() }, fileOf(name, text))).toEqual([
    { at, seats: 3 },
    { at, seats: null },
  ]);
});

it.each([
  ['a column is missing from the header', 'b.csv', 'at,Seats\n', 'BIFOLD_MISSING_COLUMN', /lacks columns .* seats/],
  ['a cell is of another type', 'c.csv', `at,seats\n${at},few\n`, 'BIFOLD_BAD_CELL', /line 2 .*"seats"/],
  ['a row has too few cells', 'd.csv', `at,seats\n${at}\n`, 'BIFOLD_CSV_UNREADABLE', /line 2 .*1 cells/],
  ['a line is not a JSON object', 'e.jsonl', `{"seats":3,"at":"${at}"}\n[1]\n`, 'BIFOLD_BAD_JSON_LINE', /line 2 /],
  ['it is an array', 'f.jsonl', `[{"seats":3,"at":"${at}"}]\n`, 'BIFOLD_NOT_JSON_LINES', /jq -c/],
])('a file is refused when %s', async (_, name, text, code, message) => {
  const reading = lookupRecords({ columns, optional: new Set() }, fileOf(name, text));
  await expect(reading).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

it('a row is stored as a join sees it: times as epoch milliseconds', () => {
  expect(storedRow(columns, { at, seats: null })).toEqual({ at: Date.parse(at), seats: null });
});

it('a row that cannot be stored names the column of the wrong type', () => {
  expect(storedRow(columns, { at, seats: 'x' })).toBe('seats');
});
