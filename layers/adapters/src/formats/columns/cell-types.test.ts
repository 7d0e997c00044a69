import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CellType, isOfType, typeOfCell, typeOfValue, valueOfCell } from './cell-types.ts';
import { digitsOf, parseExactly } from './exact-json.ts';
import { inference } from './inference.ts';
import { doubleDigits, extentOf, numberType, plainDigits } from './numbers.ts';

const value = (json: string) => parseExactly(json);
const typeOfColumn = (...json: readonly string[]): CellType | undefined => {
  const learnt = inference([], {});
  for (const text of json) learnt.addObject({ a: value(text) }, `{"a":${text}}`);
  return learnt.columns()[0]?.type;
};
const typeOfCells = (...cells: readonly string[]): CellType | undefined => {
  const learnt = inference(['a'], { nullTexts: [''] });
  for (const cell of cells) learnt.addCells([cell]);
  return learnt.columns()[0]?.type;
};
const long = '12345678901234567890';

describe('the type of a number', () => {
  it.each([
    ['7', 'integer', 'integer'],
    ['-9007199254740991', 'integer', 'integer'],
    ['-0', 'float', 'float'],
    ['1.50', 'float', 'float'],
    ['1e300', 'float', 'float'],
    ['0.1234567890123456', 'float', 'float'],
    ['0.12345678901234567', 'decimal', 'decimal'],
    ['0.1234567890123456789', 'decimal', 'decimal'],
    ['5e-324', 'float', 'float'],
    // A CSV cell of many digits is an identifier.
    ['9007199254740993', 'decimal', 'text'],
    [long, 'decimal', 'text'],
    ['9'.repeat(39), 'json', 'text'],
    ['1e400', 'json', 'text'],
    ['1e-400', 'json', 'text'],
  ])('%s is %s in JSON and %s in CSV', (digits, ofJson, ofCsv) => {
    expect([typeOfValue(value(digits)), typeOfCell(digits)]).toEqual([ofJson, ofCsv]);
  });

  it.each(['007', '+1', '0x10', '1,000', '.5', '5.', '1 '])('%p is text in CSV', (cell) => {
    expect(typeOfCell(cell)).toBe('text');
  });
});

describe('the type of a column of numbers', () => {
  it.each([
    [['1', long], 'decimal'],
    [['0.5', long], 'decimal'],
    [[long, '1e-30'], 'json'],
    [[long, '1e300'], 'json'],
    [['1', '1.5'], 'float'],
    [['1', '"x"'], 'json'],
    [['1.5', '"NaN"', '"-Infinity"'], 'float'],
    [['"NaN"', '"Infinity"'], 'text'],
    [['"NaN"', '1.5', long], 'json'],
    [[long, '"NaN"'], 'json'],
  ])('%j of JSON is %s', (values, type) => {
    expect(typeOfColumn(...values)).toBe(type);
  });

  it.each([
    [['1.5', 'NaN', '', 'Infinity'], 'float'],
    [['NaN', 'x'], 'text'],
    [['0.1234567890123456789', '2'], 'decimal'],
    [['0.1234567890123456789', '1e30'], 'text'],
    [['0.1234567890123456789', 'NaN'], 'text'],
    [['-0', '1'], 'float'],
  ])('%j of CSV is %s', (cells, type) => {
    expect(typeOfCells(...cells)).toBe(type);
  });
});

describe('the type of a column of times', () => {
  const fine = '2020-01-01T00:00:00.123456789Z';
  it.each([
    [[fine, '2020-01-01T00:00:00+14:00'], 'timestamp'],
    [['1600-01-01T00:00:00Z', '2300-01-01T00:00:00.5Z'], 'timestamp'],
    [[fine, '1600-01-01T00:00:00Z'], 'text'],
    [['2020-01-01T00:00:00.1234567890Z'], 'text'],
    [['2020-01-01T00:00:60Z'], 'text'],
    [['2020-02-30'], 'text'],
  ])('%j is %s', (cells, type) => {
    expect(typeOfCells(...cells)).toBe(type);
    expect(typeOfColumn(...cells.map((cell) => JSON.stringify(cell)))).toBe(type);
  });
});

it('a value of a column is a cell of it, and the other way round', () => {
  for (const [type, json] of [
    ['float', '"NaN"'],
    ['float', '1'],
    ['decimal', long],
    ['decimal', '1.50'],
  ] as const) {
    expect([type, json, isOfType(type, value(json))]).toEqual([type, json, true]);
    expect(digitsOf(valueOfCell(type, json)) ?? 'none').toBe(json.startsWith('"') ? 'none' : json);
  }
  expect(isOfType('float', value(long))).toBe(false);
  expect(isOfType('integer', value(long))).toBe(false);
  expect(isOfType('decimal', value('1e300'))).toBe(false);
});

describe('digits', () => {
  it('of any double are those of a float', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        const digits = doubleDigits(double);
        expect(Number(digits)).toBe(double);
        expect(Object.is(Number(digits), double)).toBe(true);
        expect(numberType(digits)).toBe('float');
      }),
    );
  });

  it('without exponent are the same number', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
        fc.integer({ min: -15, max: 15 }),
        (whole, exponent) => {
          const plain = plainDigits(`${whole}e${exponent}`);
          const { whole: before, scale } = extentOf(plain);
          expect(plain).toMatch(/^-?\d+(\.\d+)?$/);
          expect(BigInt(`${plain.replace('.', '')}`) * 10n ** BigInt(15 - scale)).toBe(
            whole * 10n ** BigInt(15 + exponent),
          );
          expect(plain.replace(/^-?(0(?=\.))?|\./g, '').length).toBe(plain === '0' ? 1 : before + scale);
        },
      ),
    );
  });
});
