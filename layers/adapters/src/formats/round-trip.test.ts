import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TypedColumn } from './columns/cell-types.ts';
import { digitsOf } from './columns/exact-json.ts';
import { cellsWriter } from './columns/row-types.ts';
import { type CheckedRow, type Fields, isBad, localInput } from './file-format.ts';
import { FORMAT_KINDS, type FormatKind, formatOfKind } from './formats.ts';
import { tables } from './tables.fixture.ts';
import { openTyped, typedRows } from './typed-rows.ts';
import { writeRows } from './write-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'bifold-round-trip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NULL_TEXTS = ['NA'];
let files = 0;

/** The rows of a table after they were written to a file of a format and read from it. */
async function through(
  kind: FormatKind,
  columns: readonly TypedColumn[],
  rows: readonly CheckedRow[],
): Promise<readonly Fields[]> {
  const format = formatOfKind(kind);
  const path = join(folder, `${files++}${format.extensions[0]}`);
  const all = async function* () {
    yield* rows;
  };
  await writeRows(format, path, columns, all());
  const opened = await openTyped(format, localInput(path), {});
  const found: Fields[] = [];
  for await (const row of typedRows(opened, columns, { nullTexts: NULL_TEXTS })) {
    if (isBad(row)) throw new Error(`line ${row.line}: ${row.reason}`);
    found.push(row.content);
  }
  rmSync(path);
  return found;
}

/** The rows that CSV can hold, too. Others are bad rows of a conversion. */
function checkedRows(columns: readonly TypedColumn[], rows: readonly Fields[]): readonly CheckedRow[] {
  const cellsOf = cellsWriter(columns, { nullTexts: NULL_TEXTS });
  return rows.flatMap((fields) => {
    const cells = cellsOf(fields);
    return typeof cells === 'string' ? [] : [{ fields, ...cells }];
  });
}

const texts = (columns: readonly TypedColumn[], rows: readonly Fields[]): readonly (readonly string[])[] =>
  rows.map((fields) => columns.map(({ name }) => digitsOf(fields[name]) ?? JSON.stringify(fields[name])));

describe.each(FORMAT_KINDS)('a table that is written as %s and read', (first) => {
  it.each(FORMAT_KINDS)('and then as %s, is the same table', async (second) => {
    await fc.assert(
      fc.asyncProperty(tables, async ({ columns, rows }) => {
        const fields = rows.map((values) =>
          Object.fromEntries(columns.map(({ name }, index) => [name, values[index]])),
        );
        const checked = checkedRows(columns, fields);
        const once = await through(first, columns, checked);
        const twice = await through(second, columns, checkedRows(columns, once));
        const wanted = texts(
          columns,
          checked.map((row) => row.fields),
        );
        expect(texts(columns, once)).toEqual(wanted);
        expect(texts(columns, twice)).toEqual(wanted);
      }),
      { numRuns: 20 },
    );
  });
});
