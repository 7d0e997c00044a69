import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { csv, csvLine, parseCsv } from './csv.ts';
import { UnreadableFile } from './errors.ts';
import { isBad, type ReadOptions } from './file-format.ts';

type Read = readonly [line: number, row: readonly string[] | string];

/** The rows of a file that is read in pieces of `pieceBytes`. */
async function read(content: string | Buffer, options: Partial<ReadOptions> & { name?: string; pieceBytes?: number }) {
  const { name = 'rows.csv', pieceBytes = 5, ...rest } = options;
  const bytes = Buffer.from(content);
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
  const input = { name, path: null, open: async () => Readable.from(pieces) };
  const rows: Read[] = [];
  let error: UnreadableFile | null = null;
  let header: readonly string[] = [];
  try {
    const opened = await csv.open(input, { keepsDigits: false, ...rest });
    header = opened.header ?? [];
    for await (const batch of opened.batches)
      for (const row of batch) rows.push([row.line, isBad(row) ? row.reason : (row.content as readonly string[])]);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    error = cause;
  }
  return { header, rows, error };
}

describe('rows of CSV', () => {
  it('are cells under a header, with the line where each begins', async () => {
    const text = '\ufeffa,b\n1,"two\nlines"\n\n3,"a ""quote"""\n';
    expect(await read(text, {})).toEqual({
      header: ['a', 'b'],
      rows: [
        [2, ['1', 'two\nlines']],
        [5, ['3', 'a "quote"']],
      ],
      error: null,
    });
  });

  it.each([
    ['rows.tsv', undefined, 'a\tb,c\n1\t2\n'],
    ['rows.csv', ';', 'a;b,c\n1;2\n'],
  ])('have between them what the name %s or the option says', async (name, delimiter, text) => {
    const { header, rows } = await read(text, { name, ...(delimiter === undefined ? {} : { delimiter }) });
    expect([header, rows]).toEqual([['a', 'b,c'], [[2, ['1', '2']]]]);
  });

  it('are bad where they have another number of cells, and reading goes on', async () => {
    expect((await read('a,b\n1\n1,2,3\n4,5\n', {})).rows).toEqual([
      [2, '1 cells, where the header has 2'],
      [3, '3 cells, where the header has 2'],
      [4, ['4', '5']],
    ]);
  });

  it('are none in an empty file, which has no header', async () => {
    expect(await read('', {})).toEqual({ header: [], rows: [], error: null });
  });
});

describe('a CSV file that is damaged', () => {
  it.each([
    ['a text follows the quote that ends a cell', 'a,b\n1,x\n2,"y"z\n3,z\n', 3],
    ['a quote is never closed', 'a,b\n1,x\n2,y\n3,"z\n4,z\n', 4],
  ])('is not read beyond the row that it leaves open, as when %s', async (_, text, line) => {
    const { rows, error } = await read(text, {});
    expect(rows.map(([at]) => at)).toEqual(Array.from({ length: line - 2 }, (_, index) => index + 2));
    expect([error?.code, error?.line]).toEqual(['BIFOLD_CSV_UNREADABLE', line]);
  });

  it('is read up to the bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('a,b\n1,x\n2,y\n'), Buffer.of(0xff), Buffer.from('\n3,z\n')]);
    const { rows, error } = await read(bytes, { pieceBytes: 4 });
    expect(rows).toEqual([[2, ['1', 'x']]]);
    expect([error?.code, error?.line]).toEqual(['BIFOLD_NOT_UTF8', 3]);
  });

  it('is not UTF-8 when it ends within a character', async () => {
    const { error } = await read(Buffer.concat([Buffer.from('a\n1\n'), Buffer.of(0xc3)]), {});
    expect(error?.code).toBe('BIFOLD_NOT_UTF8');
  });

  it.each([
    ['two columns of one name', 'a,a\n1,2\n', /two columns "a"/],
    ['a quote within a name', 'a,b"c"\n1,2\n', /Invalid Opening Quote/],
  ])('is refused when its header has %s', async (_, text, message) => {
    const { rows, error } = await read(text, {});
    expect(rows).toEqual([]);
    expect(error).toMatchObject({ code: 'BIFOLD_CSV_UNREADABLE', line: 1, message: expect.stringMatching(message) });
  });
});

describe('a small text of CSV', () => {
  it('is objects of its header', () => {
    expect(parseCsv('a,b\n1,2\n"x, y",\n')).toEqual([
      { a: '1', b: '2' },
      { a: 'x, y', b: '' },
    ]);
  });

  it('is refused with the first line that cannot be read', () => {
    expect(() => parseCsv('a,b\n1,2\n3\n')).toThrow(/line 3 .*1 cells/);
  });

  it('is read as the cells that were written', () => {
    const cells = ['', ' spaced ', 'a,b', '"quoted"', 'two\nlines', 'cr\r', 'ü日本'];
    const header = cells.map((_, index) => `c${index}`);
    const [row = {}] = parseCsv(`${csvLine(header)}${csvLine(cells)}`);
    expect(Object.values(row)).toEqual(cells);
  });
});
