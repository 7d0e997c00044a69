import type { Column } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { parseCsv, storedRow, typedRecord } from './csv.ts';

const columns: readonly Column[] = [
  { name: 'at', type: 'timestamp', nullable: false },
  { name: 'delay', type: 'integer', nullable: true },
  { name: 'name', type: 'text', nullable: false },
  { name: 'ok', type: 'boolean', nullable: true },
  { name: 'speed', type: 'double', nullable: true },
];
const at = '2013-01-01T10:00:00Z';

describe('a line of CSV', () => {
  it('is typed by the schema, and other columns are left out', () => {
    const [cells] = parseCsv(`at,delay,name,ok,speed,more\n${at},-3,"a, b",TRUE,1.5,x\n`);
    expect(typedRecord(columns, cells ?? {}, 2, 'NA')).toEqual({ at, delay: -3, name: 'a, b', ok: true, speed: 1.5 });
  });

  it('has null where it says so, where it says nothing, and where the column is missing', () => {
    const [cells] = parseCsv(`at,delay,name,ok\n${at},NA,NA x,\n`);
    expect(typedRecord(columns, cells ?? {}, 2, 'NA')).toEqual({
      at,
      delay: null,
      name: 'NA x',
      ok: null,
      speed: null,
    });
  });

  it.each([
    ['delay', '1.5'],
    ['delay', 'ten'],
    ['delay', ' '],
    ['delay', '9007199254740993'],
    ['speed', 'Infinity'],
    ['ok', 'yes'],
    ['name', 'NA'],
  ])('is refused when its %s is %p, naming line and column', (name, cell) => {
    const cells = { at, delay: '1', name: 'n', ok: 'true', speed: '1', [name]: cell };
    expect(() => typedRecord(columns, cells, 7, 'NA')).toThrow(new RegExp(`line 7.*"${name}"`));
  });
});

describe('a row of a lookup table', () => {
  it('is stored as a join sees it: times as epoch milliseconds', () => {
    expect(storedRow(columns, { at, delay: null, name: 'n', ok: null, speed: 2 })).toEqual({
      at: Date.parse(at),
      delay: null,
      name: 'n',
      ok: null,
      speed: 2,
    });
  });

  it('names the column whose value is of another type', () => {
    expect(storedRow(columns, { at, delay: 'x', name: 'n', ok: null, speed: 2 })).toBe('delay');
  });
});
