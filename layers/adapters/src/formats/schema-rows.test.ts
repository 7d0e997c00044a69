import type { Column } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { recordReader } from './schema-rows.ts';

const columns: readonly Column[] = [
  { name: 'at', type: 'timestamp', nullable: false },
  { name: 'delay', type: 'integer', nullable: true },
  { name: 'name', type: 'text', nullable: false },
  { name: 'ok', type: 'boolean', nullable: true },
  { name: 'speed', type: 'double', nullable: true },
];
const at = '2013-01-01T10:00:00Z';
const read = (cells: Readonly<Record<string, string>>) =>
  recordReader(Object.keys(cells), columns, 'NA')(Object.values(cells));

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
    ['name', 'NA', null],
  ])('do not fit when their %s is %p, and the record holds %p for the schema to refuse', (name, cell, value) => {
    const { record, misfit } = read({ at, delay: '1', name: 'n', ok: 'true', speed: '1', [name]: cell });
    expect(misfit).toEqual({ column: columns.find((column) => column.name === name), cell });
    expect(record[name]).toBe(value);
  });
});
