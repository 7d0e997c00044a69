import { Readable } from 'node:stream';
import type { Column } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import type { CellOptions } from './columns/row-types.ts';
import { checkHeader } from './columns/schema-header.ts';
import { type FormatKind, formatOfKind } from './formats.ts';
import { openSchemaRows, recordReader } from './schema-rows.ts';

const columns: readonly Column[] = [
  { name: 'at', type: 'timestamp', nullable: false },
  { name: 'delay', type: 'integer', nullable: true },
  { name: 'name', type: 'text', nullable: false },
  { name: 'ok', type: 'boolean', nullable: true },
  { name: 'speed', type: 'double', nullable: true },
];
const at = '2013-01-01T10:00:00Z';
const schema = { columns, optional: new Set<string>() };
const read = (cells: Readonly<Record<string, string>>, options: CellOptions = {}) =>
  recordReader(Object.keys(cells), schema, options)(Object.values(cells));

describe('cells under a schema', () => {
  it('are typed by its columns, and other cells are left out', () => {
    const { record, misfit } = read({ at, delay: '-3', name: 'a, b', ok: 'TRUE', speed: '1.5', more: 'x' });
    expect(record).toEqual({ at, delay: -3, name: 'a, b', ok: true, speed: 1.5 });
    expect(misfit).toBeNull();
  });

  it('are null where they hold the null text, are empty, or are missing', () => {
    const { record, misfit } = read({ at, delay: 'NA', name: 'NA x', ok: '' });
    expect(record).toEqual({ at, delay: null, name: 'NA x', ok: null, speed: null });
    expect(misfit).toBeNull();
  });

  it.each([
    ['delay', '1.5', 1.5],
    ['delay', 'ten', 'ten'],
    ['delay', ' ', ' '],
    ['delay', '9007199254740993', 9007199254740992],
    ['speed', 'Infinity', 'Infinity'],
    ['speed', '1e400', '1e400'],
    ['speed', '9007199254740993', '9007199254740993'],
    ['ok', 'yes', 'yes'],
  ])('do not fit when their %s is %p, and the record holds %p for the schema to refuse', (name, cell, value) => {
    const { record, misfit } = read({ at, delay: '1', name: 'n', ok: 'true', speed: '1', [name]: cell });
    expect(misfit).toEqual({ column: columns.find((column) => column.name === name), cell });
    expect(record[name]).toBe(value);
  });
});

describe('a null text under a schema', () => {
  const nullable: Column = { name: 'name', type: 'text', nullable: true };
  const number: Column = { name: 'n', type: 'integer', nullable: true };
  const reader = (column: Column, optional: readonly string[] = []) =>
    recordReader([column.name], { columns: [column], optional: new Set(optional) }, {});

  it('is null without quotes, and a text in quotes', () => {
    const read = reader(nullable);
    expect([read([''], [true]), read([''], [false]), read(['NA'], [true]), read(['NA'], [false])]).toEqual(
      ['', null, 'NA', null].map((name) => ({ record: { name }, misfit: null })),
    );
  });

  it('is null also in quotes where the column is no text', () => {
    expect(reader(number)(['NA'], [true])).toEqual({ record: { n: null }, misfit: null });
  });

  it('is the text where a text cannot be null, and no value in any other column', () => {
    expect(reader({ ...nullable, nullable: false })(['NA'])).toEqual({ record: { name: 'NA' }, misfit: null });
    expect(reader({ ...number, nullable: false })(['']).misfit).toMatchObject({ cell: '' });
  });

  it('is absent where the field is optional', () => {
    expect(reader(nullable, ['name'])(['NA'])).toEqual({ record: {}, misfit: null });
  });
});

it('numbers under a schema may have decimal commas', () => {
  const cells = { at, delay: '1', name: '1,5', ok: 'true', speed: '1,5' };
  expect(read(cells, { decimalComma: true })).toMatchObject({ record: { name: '1,5', speed: 1.5 }, misfit: null });
  expect(read({ ...cells, speed: '1.5' }, { decimalComma: true }).misfit).toMatchObject({ cell: '1.5' });
});

describe('a header under a schema', () => {
  const check = (header: readonly string[], optional: readonly string[] = []) =>
    checkHeader('rows.csv', header, { columns, optional: new Set(optional) });

  it('may lack nullable columns, and have others if it lacks none', () => {
    expect(check(['at', 'name'])).toEqual([]);
    expect(check(['more', ...columns.map(({ name }) => name)])).toEqual([
      'rows.csv has columns that the schema lacks, which are left out: more',
    ]);
    expect(check(['at', 'name', 'more'], ['delay', 'ok', 'speed'])).toHaveLength(1);
  });

  it.each([
    [['delay', 'name'], /lacks columns of the schema: at/, /correct the header/],
    [['at', 'name', 'Delay'], /lacks columns of the schema: delay, ok, speed/, /--rename Delay=delay/],
    [['at', 'full Name'], /: delay, name, ok, speed/, /--rename IN_FILE=IN_SCHEMA/],
  ])('is refused as %j, beside the columns of the schema', (header, failed, remedy) => {
    expect(() => check(header)).toThrow(
      expect.objectContaining({
        code: 'BIFOLD_MISSING_COLUMN',
        explanation: expect.objectContaining({
          failed: expect.stringMatching(failed),
          received: `a header of ${header.join(', ')}`,
          remedy: expect.stringMatching(remedy),
        }),
      }),
    );
  });
});

describe('a file whose rows are not read', () => {
  const opening = (kind: FormatKind, text: string) => {
    const stream = Readable.from(Array(1_000).fill(Buffer.from(text)));
    const input = { name: `rows.${kind}`, path: null, open: async () => stream };
    return { stream, opened: openSchemaRows(formatOfKind(kind), input, schema, {}) };
  };

  it.each([
    ['csv', 'at,name\n'],
    ['json', '{"name":"a"}\n'.repeat(1_000)],
  ] as const)('is ended when it is closed, as %s', async (kind, text) => {
    const { stream, opened } = opening(kind, text);
    const { close } = await opened;
    expect(stream.destroyed).toBe(false);
    await close();
    expect(stream.destroyed).toBe(true);
  });

  it('is ended when its header is refused', async () => {
    const { stream, opened } = opening('csv', 'name\n');
    await expect(opened).rejects.toMatchObject({ code: 'BIFOLD_MISSING_COLUMN' });
    expect(stream.destroyed).toBe(true);
  });
});
