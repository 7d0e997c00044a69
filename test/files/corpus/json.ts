import type { FileCase } from './case.ts';

const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

/** JSON that is not lines, and lines that are not JSON. */
export const JSON_LINES: readonly FileCase[] = [
  {
    title: 'an array of objects',
    file: 'array.json',
    content: '[{"id":1},\n{"id":2}]\n',
    gives: { refused: 'BIFOLD_NOT_JSON_LINES', says: "jq -c '.[]'" },
  },
  {
    title: 'an array of objects on one line',
    file: 'array-line.json',
    content: '[{"id":1},{"id":2}]',
    gives: { refused: 'BIFOLD_NOT_JSON_LINES', says: "jq -c '.[]'" },
  },
  {
    title: 'one object over several lines',
    file: 'pretty.json',
    content: '{\n  "id": 1,\n  "t": "x"\n}\n',
    gives: { refused: 'BIFOLD_NOT_JSON_LINES', says: 'jq -c' },
  },
  {
    title: 'an object around an array',
    file: 'wrapped.json',
    content: '{"data":[{"id":1},{"id":2}]}\n',
    gives: { refused: 'BIFOLD_NOT_JSON_LINES', says: "jq -c '.data[]'" },
  },
  {
    title: 'GeoJSON',
    file: 'places.json',
    content: '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":1}}]}\n',
    gives: { refused: 'BIFOLD_NOT_JSON_LINES', says: "jq -c '.features[]'" },
  },
  {
    title: 'nothing in it, in JSON lines',
    file: 'empty.jsonl',
    content: '',
    gives: { refused: 'BIFOLD_NO_ROWS', says: 'empty.jsonl' },
  },
  {
    title: 'lines that are no objects',
    file: 'values.jsonl',
    content: '{"id":1}\n[2]\n3\n"4"\nnull\n{"id":5}\n',
    gives: {
      rows: ['{"id":1}', '{"id":5}'],
      bad: [2, 3, 4, 5].map((line) => ({ line, reason: 'no JSON object' })),
    },
  },
  {
    title: 'lines that are no JSON',
    file: 'broken.jsonl',
    content: '{"id":1}\n{"id":\n{"id":2,}\n{id:3}\n{"id":4} {"id":5}\n{"id":6}\n',
    gives: { rows: ['{"id":1}', '{"id":6}'], bad: [2, 3, 4, 5].map((line) => ({ line, reason: 'no JSON' })) },
  },
  {
    title: 'NaN as a number of JSON, which JSON lacks',
    file: 'nan.jsonl',
    content: '{"x":1.5}\n{"x":NaN}\n{"x":-Infinity}\n',
    gives: {
      rows: ['{"x":1.5}'],
      bad: [
        { line: 2, reason: 'NaN is no value of JSON' },
        { line: 3, reason: '-Infinity is no value of JSON' },
      ],
    },
  },
  {
    title: 'a name twice in one object, of which the last counts',
    file: 'duplicate-keys.jsonl',
    content: '{"a":1,"b":2,"a":3}\n',
    gives: { rows: ['{"a":3,"b":2}'] },
  },
  {
    title: 'objects and arrays within objects, whose digits are kept',
    file: 'nested.jsonl',
    content: '{"a":{"b":[1.10,9007199254740993,{"c":null}]},"d":[]}\n',
    gives: { rows: ['{"a":{"b":[1.10,9007199254740993,{"c":null}]},"d":[]}'] },
  },
  {
    title: 'arrays within each other, 1,000 deep and deeper',
    file: 'deep.jsonl',
    content: `${nested(1_000)}\n${nested(1_001)}\n${nested(200_000)}\n{"a":[]}\n`,
    gives: {
      rows: [nested(1_000), '{"a":[]}'],
      bad: [2, 3].map((line) => ({ line, reason: 'more than 1000 deep' })),
    },
  },
  {
    title: 'line ends of Windows and empty lines, in JSON lines',
    file: 'crlf.jsonl',
    content: '{"id":1}\r\n\r\n   \r\n{"id":2}',
    gives: { rows: ['{"id":1}', '{"id":2}'] },
  },
];
