import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { TypedColumn } from '../columns/cell-types.ts';
import { inference } from '../columns/inference.ts';
import { type Fields, isBad } from '../file-format.ts';
import { jsonLines, jsonText } from './json-lines.ts';

/** The rows of a file that is read in pieces: objects, and bad lines with their reasons. */
async function read(content: string | Buffer, pieceBytes = 7): Promise<readonly unknown[]> {
  const bytes = Buffer.from(content);
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
  const input = { name: 'rows.jsonl', path: null, open: async () => Readable.from(pieces) };
  const { batches } = await jsonLines.open(input, { keepsDigits: true });
  const rows: unknown[] = [];
  for await (const batch of batches)
    for (const row of batch) rows.push(isBad(row) ? [row.line, row.reason] : row.content);
  return rows;
}

const columns = (...names: readonly string[]): readonly TypedColumn[] =>
  names.map((name) => ({ name, type: 'json', nullable: true }));
const written = (names: readonly string[], fields: Fields): string =>
  jsonText(columns(...names)).line({ fields, cells: [] });

describe('JSON lines', () => {
  it('have a byte order mark at the start of the file alone', async () => {
    expect(await read('\ufeff{"a":"\ufeffx"}\n{"a":2}\n')).toEqual([{ a: '\ufeffx' }, { a: 2 }]);
    expect(await read('{"a":1}\n\ufeff{"a":2}\n')).toEqual([{ a: 1 }, [2, 'no JSON']]);
  });

  it('are written in the order of the columns, without the fields that a row lacks', () => {
    const fields = JSON.parse('{"2020":1,"b":null,"2019":2,"__proto__":3}') as Fields;
    expect(written(['b', '2020', 'constructor', '2019', '__proto__'], fields)).toBe(
      '{"b":null,"2020":1,"2019":2,"__proto__":3}\n',
    );
    expect(written(['a'], {})).toBe('{}\n');
  });

  it('have columns in the order of their text, whole numbers among them', () => {
    const learnt = inference([], {});
    for (const line of ['{"b":{"7":1},"2020":[{"5":1}],"\\u0061":1,"b":2}', '{"1":1,"c:":"{\\"9\\":"}'])
      learnt.addObject(JSON.parse(line) as Fields, line);
    expect(learnt.columns().map(({ name }) => name)).toEqual(['b', '2020', 'a', '1', 'c:']);
  });

  it('keep half of a surrogate pair, escaped', async () => {
    const [row] = await read('{"t":"\\ud800x"}\n');
    expect(written(['t'], row as Fields)).toBe('{"t":"\\ud800x"}\n');
  });

  it.each([
    ['{"a":1', 'no JSON: the line ends within an object or array'],
    ['{"a":"x}', 'no JSON: a text has no closing quote'],
    ['{"a":1}{"b":2}', 'no JSON: more follows behind the object'],
    ['{"a":NaN}', 'no JSON: NaN is no value of JSON'],
    ['a,b', 'no JSON'],
    ['"text"', 'no JSON object'],
    [`{"a":${'['.repeat(1_000)}${']'.repeat(1_000)}}`, 'objects and arrays nested more than 1000 deep'],
    [`{"a":${'['.repeat(1_000_000)}`, 'objects and arrays nested more than 1000 deep'],
  ])('are bad where they are no object, with a plain reason: %.20s', async (line, reason) => {
    expect(await read(`{"a":0}\n${line}\n{"a":2}\n`, 100_000)).toEqual([{ a: 0 }, [2, reason], { a: 2 }]);
  });

  it('may nest up to the limit', async () => {
    const line = `{"a":${'['.repeat(999)}${']'.repeat(999)}}`;
    const [row] = await read(`${line}\n`);
    expect(written(['a'], row as Fields)).toBe(`${line}\n`);
  });
});

describe('JSON that is not lines', () => {
  it.each([
    ['[{"a":1},{"a":2}]\n', '.[]'],
    ['[\n  {"a":1}\n]\n', '.[]'],
    [`[{"a":"${'x'.repeat(100_000)}"}]`, '.[]'],
    ['{"type":"FeatureCollection","features":[{"a":1}]}', '.features[]'],
    ['{\n  "type": "FeatureCollection",\n  "features": [\n    {"a":1}\n  ]\n}\n', '.features[]'],
    ['{"data":[{"a":1},{"a":2}],"next":null}\n', '.data[]'],
    ['{"data":[{"a":1}]}', '.data[]'],
    ['{\n  "a": 1\n}\n{\n  "a": 2\n}\n', '.'],
  ])('is refused with the filter that makes lines of it: %.40j', async (text, filter) => {
    await expect(read(text, 50_000)).rejects.toMatchObject({
      code: 'BIFOLD_NOT_JSON_LINES',
      explanation: { remedy: `make lines of it: jq -c '${filter}' rows.jsonl > rows.jsonl` },
    });
  });

  it.each([
    ['a row with an array of objects', '{"id":1,"items":[{"b":1}]}\n', [{ id: 1, items: [{ b: 1 }] }]],
    ['a first line that is an array', '[1]\n{"a":1}\n', [[1, 'no JSON object'], { a: 1 }]],
    [
      'a first line that is cut off',
      '{"a":\n{"a":1}\n',
      [[1, 'no JSON: the line ends within an object or array'], { a: 1 }],
    ],
    ['one row with an array of objects under any other name', '{"the rows":[{"a":1}]}', [{ 'the rows': [{ a: 1 }] }]],
    ['nothing', '', []],
  ])('is not %s', async (_, text, rows) => {
    expect(await read(text)).toEqual(rows);
  });
});
