import type { FileCase } from './case.ts';

const DIGITS_38 = '0.12345678901234567890123456789012345678';
const DIGITS_40 = '1234567890123456789012345678901234567891';

/** Numbers. Digits are kept, or the type says that they are a text. */
export const NUMBERS: readonly FileCase[] = [
  {
    title: 'the greatest integers that doubles hold one by one',
    file: 'safe.csv',
    content: 'n\n9007199254740991\n-9007199254740991\n0\n',
    gives: { rows: ['{"n":9007199254740991}', '{"n":-9007199254740991}', '{"n":0}'] },
  },
  {
    title: 'identifiers beyond 2^53 in JSON lines',
    file: 'ids.jsonl',
    content: '{"id":9007199254740993}\n{"id":9007199254740992}\n{"id":7}\n',
    gives: { rows: ['{"id":9007199254740993}', '{"id":9007199254740992}', '{"id":7}'] },
    throughCsv: { rows: ['{"id":"9007199254740993"}', '{"id":"9007199254740992"}', '{"id":"7"}'] },
  },
  {
    title: 'identifiers beyond 2^53 in CSV, which are texts',
    file: 'ids.csv',
    content: 'id\n9007199254740993\n9007199254740992\n',
    gives: { rows: ['{"id":"9007199254740993"}', '{"id":"9007199254740992"}'] },
  },
  {
    title: 'more digits than a double holds',
    file: 'digits.jsonl',
    content: `{"x":${DIGITS_38}}\n{"x":-${DIGITS_38}}\n`,
    gives: { rows: [`{"x":${DIGITS_38}}`, `{"x":-${DIGITS_38}}`] },
  },
  {
    title: 'more than 38 digits in JSON lines',
    file: 'too-many-digits.jsonl',
    content: `{"x":${DIGITS_40}}\n{"x":1}\n`,
    gives: { rows: [`{"x":${DIGITS_40}}`, '{"x":1}'] },
    throughCsv: { rows: [`{"x":"${DIGITS_40}"}`, '{"x":"1"}'] },
  },
  {
    title: 'decimals of different scales, which one column of Parquet makes equal',
    file: 'scales.jsonl',
    content: '{"x":0.1234567890123456789}\n{"x":1.5}\n{"x":12}\n',
    gives: { rows: ['{"x":0.1234567890123456789}', '{"x":1.5}', '{"x":12}'] },
    throughParquet: {
      rows: ['{"x":0.1234567890123456789}', '{"x":1.5000000000000000000}', '{"x":12.0000000000000000000}'],
    },
  },
  {
    title: 'zeros at the end of decimals',
    file: 'prices.csv',
    content: 'price\n1.10\n2.00\n3\n',
    gives: { rows: ['{"price":1.10}', '{"price":2.00}', '{"price":3}'] },
    throughParquet: { rows: ['{"price":1.1}', '{"price":2.0}', '{"price":3.0}'] },
  },
  {
    title: 'a negative zero',
    file: 'zero.jsonl',
    content: '{"x":-0}\n{"x":0}\n{"x":-0.0}\n',
    gives: { rows: ['{"x":-0}', '{"x":0}', '{"x":-0.0}'] },
    throughParquet: { rows: ['{"x":-0.0}', '{"x":0.0}', '{"x":-0.0}'] },
  },
  {
    title: 'exponents',
    file: 'exponents.jsonl',
    content: '{"x":1e5}\n{"x":2.5E-7}\n{"x":5e-324}\n',
    gives: { rows: ['{"x":1e5}', '{"x":2.5E-7}', '{"x":5e-324}'] },
    throughParquet: { rows: ['{"x":100000.0}', '{"x":2.5e-7}', '{"x":5e-324}'] },
  },
  {
    title: 'a number that overflows, in JSON lines',
    file: 'overflow.jsonl',
    content: '{"x":1e400}\n{"x":1}\n',
    gives: { rows: ['{"x":1e400}', '{"x":1}'] },
    throughCsv: { rows: ['{"x":"1e400"}', '{"x":"1"}'] },
  },
  {
    title: 'a number that overflows, in CSV, which is a text',
    file: 'overflow.csv',
    content: 'x\n1e400\n1\n',
    gives: { rows: ['{"x":"1e400"}', '{"x":"1"}'] },
  },
  {
    title: 'NaN and infinities among numbers',
    file: 'nan.csv',
    content: 'id,x\n1,1.5\n2,NaN\n3,Infinity\n4,-Infinity\n',
    gives: {
      rows: ['{"id":1,"x":1.5}', '{"id":2,"x":"NaN"}', '{"id":3,"x":"Infinity"}', '{"id":4,"x":"-Infinity"}'],
    },
  },
  {
    title: 'NaN and infinities in Parquet',
    file: 'nan.parquet',
    content: { query: "SELECT unnest(['NaN', 'Infinity', '-Infinity', '0.5'])::DOUBLE AS x" },
    gives: { rows: ['{"x":"NaN"}', '{"x":"Infinity"}', '{"x":"-Infinity"}', '{"x":0.5}'] },
  },
  {
    title: 'other spellings of numbers, which are texts',
    file: 'spellings.csv',
    content: 'zip,plus,hex,half,five,thousand,under\n007,+1,0x1F,.5,5.,"1,000",1_000\n',
    gives: {
      rows: ['{"zip":"007","plus":"+1","hex":"0x1F","half":".5","five":"5.","thousand":"1,000","under":"1_000"}'],
    },
  },
  {
    title: 'decimal commas that --decimal-comma names',
    file: 'commas.csv',
    content: 'x;n;t\n1,5;2;a,b\n-0,25;3;c\n',
    options: ['--delimiter', ';', '--decimal-comma'],
    gives: { rows: ['{"x":1.5,"n":2,"t":"a,b"}', '{"x":-0.25,"n":3,"t":"c"}'] },
  },
  {
    title: 'decimal commas without the option, which are texts',
    file: 'commas-as-text.csv',
    content: 'x;n\n1,5;2\n',
    options: ['--delimiter', ';'],
    gives: { rows: ['{"x":"1,5","n":2}'] },
  },
  {
    title: 'integers and floats in one column',
    file: 'mixed.csv',
    content: 'x\n1\n2.0\n',
    gives: { rows: ['{"x":1}', '{"x":2.0}'] },
    throughParquet: { rows: ['{"x":1.0}', '{"x":2.0}'] },
  },
  {
    title: 'numbers and texts in one column of JSON lines',
    file: 'mixed.jsonl',
    content: '{"x":1}\n{"x":"1"}\n{"x":true}\n',
    gives: { rows: ['{"x":1}', '{"x":"1"}', '{"x":true}'] },
    throughCsv: { rows: ['{"x":"1"}', '{"x":"1"}', '{"x":"true"}'] },
  },
  {
    title: 'digits as texts in JSON lines',
    file: 'digits-as-text.jsonl',
    content: '{"x":"1"}\n{"x":"007"}\n',
    gives: { rows: ['{"x":"1"}', '{"x":"007"}'] },
  },
];
