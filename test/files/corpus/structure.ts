import type { FileCase } from './case.ts';

const MANY = Array.from({ length: 3_000 }, (_, index) => `{"id":${index},"t":"x"}`);
const many = (stray: number): string =>
  `id,t\n${MANY.map((_, index) => (index === stray ? `${index},"x` : `${index},x`)).join('\n')}\n`;

/** Delimiters, quotes, line ends, and rows that do not fit them. */
export const STRUCTURE: readonly FileCase[] = [
  {
    title: 'semicolons where commas are expected',
    file: 'semicolon.csv',
    content: 'id;price\n1;2.5\n',
    gives: { refused: 'BIFOLD_CSV_UNREADABLE', says: "--delimiter ';'" },
  },
  {
    title: 'tabs where commas are expected',
    file: 'tabs.csv',
    content: 'id\tprice\n1\t2.5\n',
    gives: { refused: 'BIFOLD_CSV_UNREADABLE', says: '--delimiter' },
  },
  {
    title: 'semicolons that --delimiter names',
    file: 'semicolon-named.csv',
    content: 'id;price\n1;2.5\n',
    options: ['--delimiter', ';'],
    gives: { rows: ['{"id":1,"price":2.5}'] },
  },
  {
    title: 'one column whose quoted name holds a semicolon',
    file: 'one-column.csv',
    content: '"a;b"\n1\n',
    gives: { rows: ['{"a;b":1}'] },
  },
  {
    title: 'tabs in a file that ends with .tsv',
    file: 'tabs.tsv',
    content: 'id\tt\n1\ta,b\n2\t"c\td"\n',
    gives: { rows: ['{"id":1,"t":"a,b"}', '{"id":2,"t":"c\\td"}'] },
  },
  {
    title: 'a quote character that --quote names',
    file: 'apostrophes.csv',
    content: "id,t\n1,'a,b'\n2,'it''s'\n3,5\" pipe\n",
    options: ['--quote', "'"],
    gives: { rows: ['{"id":1,"t":"a,b"}', '{"id":2,"t":"it\'s"}', '{"id":3,"t":"5\\" pipe"}'] },
  },
  {
    title: 'quotes that are content by --quote none',
    file: 'no-quotes.csv',
    content: 'id,t\n1,"a\n2,b"c\n',
    options: ['--quote', 'none'],
    gives: { rows: ['{"id":1,"t":"\\"a"}', '{"id":2,"t":"b\\"c"}'] },
  },
  {
    title: 'line ends of Windows',
    file: 'crlf.csv',
    content: 'id,t\r\n1,x\r\n2,"a\r\nb"\r\n',
    gives: { rows: ['{"id":1,"t":"x"}', '{"id":2,"t":"a\\r\\nb"}'] },
  },
  {
    title: 'line ends of several systems',
    file: 'mixed-ends.csv',
    content: 'id,t\n1,x\r\n2,y\n3,z\r\n',
    gives: { rows: ['{"id":1,"t":"x"}', '{"id":2,"t":"y"}', '{"id":3,"t":"z"}'] },
  },
  {
    title: 'carriage returns alone as line ends',
    file: 'cr.csv',
    content: 'id,t\r1,x\r2,"a\rb"\r',
    gives: { rows: ['{"id":1,"t":"x"}', '{"id":2,"t":"a\\rb"}'] },
  },
  {
    title: 'a carriage return within a cell',
    file: 'cr-content.csv',
    content: 'id,t\n1,"a\rb"\n2,"c\r"\n',
    gives: { rows: ['{"id":1,"t":"a\\rb"}', '{"id":2,"t":"c\\r"}'] },
  },
  {
    title: 'quotes, delimiters and line ends in cells',
    file: 'cells.csv',
    content: 'id,t\n1,"a ""b"", c"\n2,"two\nlines"\n3, spaced \n',
    gives: { rows: ['{"id":1,"t":"a \\"b\\", c"}', '{"id":2,"t":"two\\nlines"}', '{"id":3,"t":" spaced "}'] },
  },
  {
    title: 'no line end after the last row',
    file: 'no-end.csv',
    content: 'id,t\n1,x\n2,y',
    gives: { rows: ['{"id":1,"t":"x"}', '{"id":2,"t":"y"}'] },
  },
  {
    title: 'rows of other lengths',
    file: 'ragged.csv',
    content: 'id,t\n1,x\n2\n3,y,z\n4,w\n',
    gives: {
      rows: ['{"id":1,"t":"x"}', '{"id":4,"t":"w"}'],
      bad: [
        { line: 3, reason: '1 cells, where the header has 2' },
        { line: 4, reason: '3 cells, where the header has 2' },
      ],
    },
  },
  {
    title: 'one stray quote on line 3 of 3,001 lines',
    file: 'stray.csv',
    content: many(1),
    gives: { rows: MANY.filter((_, index) => index !== 1), bad: [{ line: 3, reason: 'quote' }] },
  },
  {
    title: 'stray quotes on two lines, which look like one quoted cell',
    file: 'stray-pair.csv',
    content: 'id,t\n1,"x\n2,y\n3,"z\n4,w\n',
    gives: {
      rows: ['{"id":2,"t":"y"}', '{"id":4,"t":"w"}'],
      bad: [
        { line: 2, reason: 'quote' },
        { line: 4, reason: 'quote' },
      ],
    },
  },
  {
    title: 'text behind a closing quote, and a quote within a cell',
    file: 'misplaced.csv',
    content: 'id,t\n1,"x"y\n2,a"b\n3,z\n',
    gives: {
      rows: ['{"id":3,"t":"z"}'],
      bad: [
        { line: 2, reason: 'text after the quote' },
        { line: 3, reason: 'a quote within a cell' },
      ],
    },
  },
  {
    title: 'a row over several lines with too many cells, which costs its first line only',
    file: 'wide-row.csv',
    content: 'id,t\n1,"two\nlines",more\n2,x\n',
    gives: {
      rows: ['{"id":2,"t":"x"}'],
      bad: [
        { line: 2, reason: 'quote' },
        { line: 3, reason: 'quote' },
      ],
    },
  },
  {
    title: 'a header and no rows',
    file: 'header-only.csv',
    content: 'id,t\n',
    gives: { rows: [] },
  },
  {
    title: 'nothing in it, in CSV',
    file: 'empty.csv',
    content: '',
    gives: { refused: 'BIFOLD_CSV_UNREADABLE', says: 'empty' },
  },
  {
    title: 'a byte order mark and nothing else',
    file: 'only-bom.csv',
    content: '\ufeff',
    gives: { refused: 'BIFOLD_CSV_UNREADABLE', says: 'empty' },
  },
  {
    title: 'empty lines alone',
    file: 'blank.csv',
    content: '\n\n\n',
    gives: { refused: 'BIFOLD_CSV_UNREADABLE', says: 'empty' },
  },
];
