import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { UnreadableFile } from '../errors.ts';
import { isBad, type ReadOptions } from '../file-format.ts';
import { csvLine } from './cells.ts';
import { csv, parseCsv } from './csv.ts';

type Read = readonly [line: number, row: readonly string[] | string];
type Options = Partial<ReadOptions> & { name?: string; pieceBytes?: number };

/** The rows of a file that is read in pieces of `pieceBytes`. */
async function read(content: string | Buffer, options: Options = {}) {
  const { name = 'rows.csv', pieceBytes = 5, ...rest } = options;
  const bytes = Buffer.from(content);
  const pieces = Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
  const input = { name, path: null, open: async () => Readable.from(pieces) };
  const { header, batches, notes } = await csv.open(input, { keepsDigits: false, ...rest });
  const [rows, raw, quoted]: [Read[], string[], unknown[]] = [[], [], []];
  for await (const batch of batches) {
    for (const row of batch) {
      rows.push([row.line, isBad(row) ? row.reason : (row.content as readonly string[])]);
      raw.push(row.raw);
      quoted.push(isBad(row) ? row.problem : (row.quoted ?? null));
    }
  }
  return { header, rows, raw, quoted, notes };
}

describe('rows of CSV', () => {
  it('are cells under a header, with the line where each begins', async () => {
    const { header, rows } = await read('\ufeffa,b\n1,"two\nlines"\n\n3,"a ""quote"""\n');
    expect(header).toEqual(['a', 'b']);
    expect(rows).toEqual([
      [2, ['1', 'two\nlines']],
      [5, ['3', 'a "quote"']],
    ]);
  });

  it.each([
    ['rows.tsv', {}, 'a\tb,c\n1\t2\n', ['a', 'b,c']],
    ['rows.csv', { delimiter: ';' }, 'a;b,c\n1;2\n', ['a', 'b,c']],
    ['rows.csv', { delimiter: '||' }, 'a||b|c\n1||2\n', ['a', 'b|c']],
    ['rows.csv', { quote: "'" }, "a,'b,c'\n1,'2'\n", ['a', 'b,c']],
    ['rows.csv', { quote: null }, 'a,b"c\n1,2\n', ['a', 'b"c']],
  ])('of %s have the structure that name and options %j say', async (name, options, text, columns) => {
    const { header, rows } = await read(text, { name, ...options });
    expect([header, rows]).toEqual([columns, [[2, ['1', '2']]]]);
  });

  it('end at a line feed, at one after a carriage return, at the end of the file, or all of these', async () => {
    const { rows } = await read('a,b\r\n1,x\n2,"y\r\nz"\r\n\r\n3,w');
    expect(rows).toEqual([
      [2, ['1', 'x']],
      [3, ['2', 'y\r\nz']],
      [6, ['3', 'w']],
    ]);
  });

  it('end at carriage returns where there is no line feed', async () => {
    const long = 'x'.repeat(70_000);
    expect((await read(`a,b\r1,${long}\r2,"y\rz"`, { pieceBytes: 1_000 })).rows).toEqual([
      [2, ['1', long]],
      [3, ['2', 'y\rz']],
    ]);
  });

  it('end at line feeds also where the header alone is longer than 64 KiB', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `column ${index}`);
    const text = `${names.join(',')}\r\n${names.map(() => '1').join(',')}\r\n`;
    const { header, rows } = await read(text, { pieceBytes: 1_000 });
    expect([header?.length, rows[0]?.[1].length]).toEqual([10_000, 10_000]);
  });

  it('say which of their cells were quoted', async () => {
    const { quoted } = await read('a,b,c\n"",,"NA"\nx,NA,y\n');
    expect(quoted).toEqual([[true, false, true], null]);
  });

  it('of one empty text are quotes, and an empty line is none', async () => {
    expect((await read('a\n\n""\n\nx\n')).rows).toEqual([
      [3, ['']],
      [5, ['x']],
    ]);
  });

  it('are bad where they have another number of cells, and reading goes on', async () => {
    expect((await read('a,b\n1\n1,2,3\n4,5\n')).rows).toEqual([
      [2, '1 cells, where the header has 2'],
      [3, '3 cells, where the header has 2'],
      [4, ['4', '5']],
    ]);
  });

  it('are bad where they are longer than 16 MiB, and reading goes on', async () => {
    const long = 'x'.repeat(17 * 1024 * 1024);
    const { rows, raw } = await read(`a,b\n1,${long}\n2,y\n`, { pieceBytes: 1024 * 1024 });
    expect(rows).toEqual([
      [2, 'a row of more than 16 MiB'],
      [3, ['2', 'y']],
    ]);
    expect(raw[0]).toMatch(/^1,x{998}…$/);
  });

  it('are those that a library reads, in pieces of any size', async () => {
    const cell = fc.oneof(
      fc.constantFrom('', '"', '""', ',', ';', '\n', '\r', '\r\n', ' x ', 'NA', '\ufeff', 'a\u2028b', 'é', '日本'),
      fc.string({ unit: 'grapheme' }),
    );
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 40 }), async (cells, pieceBytes) => {
        const names = (cells[0] ?? ['a']).map((_, index) => `c${index}`);
        const text = [names, ...cells].map((each) => csvLine(each)).join('');
        const { rows } = await read(text, { pieceBytes });
        expect(rows.map(([, row]) => row)).toEqual(cells);
        expect(parse(text, { from: 2 })).toEqual(cells);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a quote in the wrong place', () => {
  it.each([
    ['a text follows the quote that ends a cell', '2,"y"z', /text after the quote that ends a cell \(cell 2\)/],
    ['a quote is never closed', '2,"z', /a quote opens here, .* has text after the quote/],
    ['a quote stands within a cell', '2,5" pipe', /a quote within a cell .* \(cell 2\)/],
  ])('costs its own row only, as when %s', async (_, line, reason) => {
    const { rows, raw } = await read(`a,b\n1,"x"\n${line}\n3,"v\nw"\n4,z\n`);
    expect(rows).toEqual([
      [2, ['1', 'x']],
      [3, expect.stringMatching(reason)],
      [4, ['3', 'v\nw']],
      [6, ['4', 'z']],
    ]);
    expect(raw[1]).toBe(line);
  });

  it('costs the row on which it begins, also when the next one makes a pair with it', async () => {
    const { rows } = await read('a,b\n1,"x\n2,y\n3,"z\n4,w\n');
    expect(rows).toEqual([
      [2, expect.stringMatching(/text after the quote/)],
      [3, ['2', 'y']],
      [4, expect.stringMatching(/never closed/)],
      [5, ['4', 'w']],
    ]);
  });

  it('costs one line where the row that it makes has too many cells', async () => {
    const { rows } = await read('a,b\n1,"x\n2,y",3\n4,w\n');
    expect(rows).toEqual([
      [2, expect.stringMatching(/a quote opens here, .* has 3 cells, where the header has 2/)],
      [3, expect.stringMatching(/a quote within a cell/)],
      [4, ['4', 'w']],
    ]);
  });

  it('is named by its line, and no other of 200,000 rows is lost', async () => {
    const lines = Array.from({ length: 200_000 }, (_, index) => (index === 1 ? '1,"x' : `${index},x`));
    const { rows } = await read(`a,b\n${lines.join('\n')}\n`, { pieceBytes: 65_536 });
    expect(rows.filter(([, row]) => typeof row === 'string')).toEqual([[3, 'a quote that is never closed']]);
    expect(rows.length).toBe(200_000);
  });

  it('is looked for within 16 MiB', async () => {
    const line = `9,${'x'.repeat(100_000)}`;
    const { rows } = await read(`a,b\n1,"x\n${`${line}\n`.repeat(180)}2,"\n`, { pieceBytes: 1024 * 1024 });
    expect(rows[0]).toEqual([2, expect.stringMatching(/16 MiB/)]);
    expect(rows.length).toBe(182);
  });
});

describe('the encoding of CSV', () => {
  const text = 'a,b\n1,é€\n2,"ü\n😀"\n';
  const utf16 = Buffer.from(text, 'utf16le');

  it.each([
    ['UTF-8', Buffer.from(text), {}],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${text}`), {}],
    ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${text}`, 'utf16le'), {}],
    ['UTF-16 of the other byte order', Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), {}],
    ['UTF-16 that is named', utf16, { encoding: 'utf-16le' }],
    ['UTF-16 of the other byte order that is named', Buffer.from(utf16).swap16(), { encoding: 'utf-16be' }],
  ] as const)('may be %s, in pieces of any size', async (_, bytes, options) => {
    for (const pieceBytes of [1, 2, 3, 7, 100])
      expect((await read(bytes, { ...options, pieceBytes })).rows).toEqual([
        [2, ['1', 'é€']],
        [3, ['2', 'ü\n😀']],
      ]);
  });

  it('latin1 has a character for each byte, and windows-1252 has others for some', async () => {
    const bytes = Buffer.concat([Buffer.from('a\n'), Buffer.of(0x80, 0xe9), Buffer.from('\nx'), Buffer.of(0x81)]);
    expect((await read(bytes, { encoding: 'latin1' })).rows).toEqual([
      [2, ['\u0080é']],
      [3, ['x\u0081']],
    ]);
    const { rows, quoted } = await read(bytes, { encoding: 'windows-1252' });
    expect([rows, quoted]).toEqual([
      [
        [2, ['€é']],
        [3, 'bytes that are not windows-1252'],
      ],
      [null, 'not-utf8'],
    ]);
  });

  it('is broken by some bytes in their own row only, which is shown with escapes', async () => {
    const bytes = Buffer.from('a,b\n1,x\n2,caf\xe9\n"3","\xff\n"\n4,z\n5,\xc3', 'latin1');
    const { rows, raw, quoted } = await read(bytes, { pieceBytes: 4 });
    expect(rows).toEqual([
      [2, ['1', 'x']],
      [3, 'bytes that are not UTF-8'],
      [4, 'bytes that are not UTF-8'],
      [6, ['4', 'z']],
      [7, 'bytes that are not UTF-8'],
    ]);
    expect(raw).toEqual(['1,x', '2,caf\\xe9', '"3","\\xff\n"', '4,z', '5,\\xc3']);
    expect(quoted[1]).toBe('not-utf8');
  });

  it('is broken by a surrogate without its partner', async () => {
    const bytes = Buffer.concat([Buffer.from('\ufeffa\nx\ud800\nok\n', 'utf16le')]);
    expect((await read(bytes)).rows).toEqual([
      [2, 'bytes that are not UTF-8'],
      [3, ['ok']],
    ]);
  });

  it('takes a mark within the text for content', async () => {
    expect((await read('a\n\ufeffx\n')).rows).toEqual([[2, ['\ufeffx']]]);
  });
});

describe('the header of CSV', () => {
  it('may have cells without a name, which get one', async () => {
    const { header, rows, notes } = await read(',name,\n0,ann,x\n');
    expect(header).toEqual(['column1', 'name', 'column3']);
    expect(rows).toEqual([[2, ['0', 'ann', 'x']]]);
    expect(notes).toEqual([
      'column 1 of rows.csv has no name: it is called "column1"',
      'column 3 of rows.csv has no name: it is called "column3"',
    ]);
  });

  it('may be all that there is', async () => {
    expect(await read('a,b')).toMatchObject({ header: ['a', 'b'], rows: [] });
  });

  it('may name columns as anything', async () => {
    const names = ['2020', 'constructor', '__proto__', ' a b ', 'x.y', 'A', 'a', '日本', 'n'.repeat(5_000)];
    expect((await read(csvLine(names))).header).toEqual(names);
  });

  it.each([
    ['two columns of one name', 'a,b,a\n1,2,3\n', /two columns "a", columns 1 and 3/],
    ['the name that a column without one would get', 'column2,\n1,2\n', /two columns "column2"/],
    ['a quote within a name', 'a,b"c"\n1,2\n', /a quote within a cell/],
    ['a quote that is never closed', '"a,b\n1,2\n', /never closed/],
    ['bytes that are no text', Buffer.from('a,\xe9\n1,2\n', 'latin1'), /not UTF-8/],
    ['nothing', '', /the file is empty/],
    ['semicolons between its cells', 'id;price\n1;2,50\n', /--delimiter ';'/],
    ['tabs between its cells', 'id\tprice\n1\t2\n', /--delimiter '\\t'/],
    ['lines between its cells', 'id|price\n1|2\n', /--delimiter '\|'/],
  ])('is refused with %s', async (_, text, message) => {
    const refused = expect(read(text)).rejects;
    await refused.toBeInstanceOf(UnreadableFile);
    await refused.toMatchObject({
      code: 'BIFOLD_CSV_UNREADABLE',
      line: 1,
      message: expect.stringMatching(message),
    });
  });

  it('is one column with a semicolon where the delimiter is named, or the name is quoted', async () => {
    expect((await read('id;price\n1\n', { delimiter: ',' })).header).toEqual(['id;price']);
    expect((await read('"id;price"\n1\n')).header).toEqual(['id;price']);
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
