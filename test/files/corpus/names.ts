import type { FileCase } from './case.ts';

const LONG = 'n'.repeat(10_000);

/** Names of columns. */
export const NAMES: readonly FileCase[] = [
  {
    title: 'columns that whole numbers name, in CSV',
    file: 'years.csv',
    content: 'country,2020,2019\nLaos,1,2\n',
    gives: { rows: ['{"country":"Laos","2020":1,"2019":2}'] },
  },
  {
    title: 'columns that whole numbers name, in JSON lines',
    file: 'years.jsonl',
    content: '{"country":"Laos","2020":1,"2019":2}\n{"country":"Mali","2020":3,"2019":4}\n',
    gives: { rows: ['{"country":"Laos","2020":1,"2019":2}', '{"country":"Mali","2020":3,"2019":4}'] },
  },
  {
    title: 'columns that whole numbers name, in Parquet',
    file: 'years.parquet',
    content: { query: 'SELECT \'Laos\' AS country, 1 AS "2020", 2 AS "2019"' },
    gives: { rows: ['{"country":"Laos","2020":1,"2019":2}'] },
  },
  {
    title: 'names that objects of JavaScript have already',
    file: 'reserved.csv',
    content: 'constructor,toString,__proto__,hasOwnProperty\na,b,c,d\n',
    gives: { rows: ['{"constructor":"a","toString":"b","__proto__":"c","hasOwnProperty":"d"}'] },
  },
  {
    title: 'the name __proto__ in JSON lines',
    file: 'proto.jsonl',
    content: '{"__proto__":1,"x":2}\n',
    gives: { rows: ['{"__proto__":1,"x":2}'] },
  },
  {
    title: 'blanks and dots in names',
    file: 'blanks.csv',
    content: ' a ,b.c,d e\n1,2,3\n',
    gives: { rows: ['{" a ":1,"b.c":2,"d e":3}'] },
  },
  {
    title: 'delimiters, quotes and line ends in names',
    file: 'punctuation.csv',
    content: '"a,b","c""d","e\nf",g;h\n1,2,3,4\n',
    gives: { rows: ['{"a,b":1,"c\\"d":2,"e\\nf":3,"g;h":4}'] },
  },
  {
    title: 'names in several scripts',
    file: 'scripts.csv',
    content: '名前,Größe,مرحبا,😀\n1,2,3,4\n',
    gives: { rows: ['{"名前":1,"Größe":2,"مرحبا":3,"😀":4}'] },
  },
  {
    title: 'a name of 10,000 characters',
    file: 'long.csv',
    content: `${LONG},b\n1,2\n`,
    gives: { rows: [`{"${LONG}":1,"b":2}`] },
  },
  {
    title: 'a header cell without a name',
    file: 'empty-header.csv',
    content: 'id,,x\n1,2,3\n',
    gives: { rows: ['{"id":1,"column2":2,"x":3}'], told: 'column 2 of empty-header.csv has no name' },
  },
  {
    title: 'a header cell without a name, whose generated name another column has',
    file: 'collision.csv',
    content: 'column2,\n1,2\n',
    gives: { refused: 'BIFOLD_CSV_UNREADABLE', says: 'columns 1 and 2' },
  },
  {
    title: 'two columns of one name',
    file: 'twice.csv',
    content: 'a,b,a\n1,2,3\n',
    gives: { refused: 'BIFOLD_CSV_UNREADABLE', says: 'columns 1 and 3' },
  },
  {
    title: 'names that differ only in case',
    file: 'alike.csv',
    content: 'id,ID\n1,2\n',
    gives: { rows: ['{"id":1,"ID":2}'] },
    throughParquet: { refused: 'BIFOLD_COLUMNS_UNWRITABLE', says: '"ID"' },
  },
  {
    title: 'a column with another name by --rename',
    file: 'renamed.csv',
    content: 'Order ID,price\n1,2\n',
    options: ['--rename', 'Order ID=id'],
    gives: { rows: ['{"id":1,"price":2}'] },
  },
  {
    title: 'a column with another name by --rename, in JSON lines',
    file: 'renamed.jsonl',
    content: '{"2020":1,"2019":2}\n',
    options: ['--rename', '2019=before'],
    gives: { rows: ['{"2020":1,"before":2}'] },
  },
  {
    title: 'no column that --rename names',
    file: 'rename-unknown.csv',
    content: 'id,price\n1,2\n',
    options: ['--rename', 'Id=key'],
    gives: { refused: 'BIFOLD_NO_SUCH_COLUMN', says: 'Id' },
  },
];
