import fc from 'fast-check';
import type { CellType, TypedColumn } from './columns/cell-types.ts';
import { numberOf, parseExactly } from './columns/exact-json.ts';
import { doubleDigits } from './columns/numbers.ts';

/** A table of rows as every format can hold them. */
export interface Table {
  readonly columns: readonly TypedColumn[];
  /** The fields of each row in the order of the columns: JSON values that keep their digits. */
  readonly rows: readonly (readonly unknown[])[];
}

const NAMES = [
  '2020',
  '7',
  'constructor',
  'toString',
  '__proto__',
  'a.b',
  ' a ',
  '"q"',
  'Größe',
  '日本',
  '\ufeffx',
  'n'.repeat(300),
];

/** Names that Parquet's readers can tell apart. */
const name = fc.oneof(
  fc.constantFrom(...NAMES),
  fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text.isWellFormed() && !text.includes('\0')),
);

const text = fc.oneof(
  fc.constantFrom(
    '',
    'NA',
    'null',
    '007',
    '1.50',
    'a,b',
    '"quoted"',
    'two\nlines',
    'cr\r',
    ' spaced ',
    '\ufeffmark',
    'nul\0',
    'a\u2028b',
    'é\u0301',
  ),
  fc.string({ unit: 'grapheme' }).filter((each) => each.isWellFormed()),
);
const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => numberOf(doubleDigits(value))),
  fc.constantFrom('NaN', 'Infinity', '-Infinity'),
);
const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.bigInt({ min: 0n, max: 10n ** 10n - 1n }))
  .map(([whole, fraction]) => numberOf(`${whole}.${String(fraction).padStart(10, '0')}`));
const day = fc
  .date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const timestamp = fc
  .tuple(day, fc.integer({ min: 0, max: 86_399 }), fc.integer({ min: 0, max: 999_999 }))
  .map(([date, second, micros]) => {
    const clock = new Date(second * 1_000).toISOString().slice(11, 19);
    return `${date}T${clock}.${String(micros).padStart(6, '0')}Z`;
  });
const json = fc
  .jsonValue({ maxDepth: 2, stringUnit: 'grapheme' })
  .filter((value) => value !== null && JSON.stringify(value).isWellFormed())
  .map((value) => parseExactly(JSON.stringify(value)));

const VALUES: Readonly<Record<CellType, fc.Arbitrary<unknown>>> = {
  integer: fc.maxSafeInteger(),
  decimal,
  float: double,
  boolean: fc.boolean(),
  date: day,
  timestamp,
  json: fc.oneof(fc.array(json, { maxLength: 3 }), fc.dictionary(fc.constantFrom('a', 'b', 'k.x'), json)),
  text,
};

const types = Object.keys(VALUES) as readonly CellType[];

/** Generated tables. Columns and values are those of any file, the odd ones among them. */
export const tables: fc.Arbitrary<Table> = fc
  .uniqueArray(fc.record({ name, type: fc.constantFrom(...types), nullable: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
    selector: (column) => column.name.toLowerCase(),
  })
  .chain((columns) => {
    const cells = columns.map(({ type, nullable }) => (nullable ? fc.option(VALUES[type]) : VALUES[type]));
    return fc.array(fc.tuple(...cells), { maxLength: 20 }).map((rows): Table => ({ columns, rows }));
  });
