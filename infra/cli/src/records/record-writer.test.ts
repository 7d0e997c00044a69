import type { LogRecord } from '@bifold/core/engine';
import { afterEach, expect, it, jest } from '@jest/globals';
import { type Format, recordWriter } from './record-writer.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

const recordOf = (value: string | null, offset: number): LogRecord => ({
  partition: 0,
  offset,
  timestampMs: 0,
  key: null,
  value: value === null ? null : Buffer.from(value),
  headers: [],
});

async function written(format: Format, values: readonly (string | null)[]): Promise<string> {
  const chunks: string[] = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((chunk, ...rest) => {
    chunks.push(String(chunk));
    const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
    done?.();
    return true;
  });
  const writer = recordWriter(format, [], null);
  await writer.write(values.map(recordOf));
  await writer.end();
  return chunks.join('');
}

it('CSV tells null and an absent field from texts that readers take for null', async () => {
  const values = ['{"a":"x","b":null}', '{"a":"","b":"NA"}', '{"a":"y"}'];
  expect(await written('csv', values)).toBe('a,b\nx,\n"","NA"\ny,\n');
});

it('columns keep the order of the record, also where their names are whole numbers', async () => {
  expect(await written('csv', ['{"country":"CH","2020":1.50,"2019":2}'])).toBe('country,2020,2019\nCH,1.50,2\n');
});

it('TSV has tabs between cells, and quotes around a cell with a tab', async () => {
  expect(await written('tsv', ['{"a":"x,y","b":"u\\tv"}'])).toBe('a\tb\nx,y\t"u\tv"\n');
});

it('a topic of texts has one column, in which a record without a value is an empty cell', async () => {
  expect(await written('csv', ['first', null, 'second'])).toBe('value\nfirst\n""\nsecond\n');
});

it('a text of a topic stays as it is, also with the character that stands for broken bytes', async () => {
  expect(await written('csv', ['a\ufffd\tb'])).toBe('value\na\ufffd\tb\n');
});
