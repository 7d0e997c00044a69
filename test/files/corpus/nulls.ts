import type { FileCase } from './case.ts';

/** Nulls, empty texts and absent fields. */
export const NULLS: readonly FileCase[] = [
  {
    title: 'empty cells and NA, quoted and not, in a column of texts',
    file: 'four.csv',
    content: 'id,t\n1,\n2,""\n3,NA\n4,"NA"\n5,null\n',
    gives: {
      rows: ['{"id":1,"t":null}', '{"id":2,"t":""}', '{"id":3,"t":null}', '{"id":4,"t":"NA"}', '{"id":5,"t":"null"}'],
    },
  },
  {
    title: 'quoted null texts in a column of numbers, which are null',
    file: 'quoted-numbers.csv',
    content: 'id,n\n1,"7"\n2,""\n3,"NA"\n',
    gives: { rows: ['{"id":1,"n":7}', '{"id":2,"n":null}', '{"id":3,"n":null}'] },
  },
  {
    title: 'absent fields and nulls in JSON lines, which CSV and Parquet make equal',
    file: 'absent.jsonl',
    content: '{"a":1}\n{"a":2,"b":null}\n{"b":3}\n{}\n',
    gives: { rows: ['{"a":1}', '{"a":2,"b":null}', '{"b":3}', '{}'] },
    throughCsv: { rows: ['{"a":1,"b":null}', '{"a":2,"b":null}', '{"a":null,"b":3}', '{"a":null,"b":null}'] },
    throughParquet: { rows: ['{"a":1,"b":null}', '{"a":2,"b":null}', '{"a":null,"b":3}', '{"a":null,"b":null}'] },
  },
  {
    title: 'null texts as texts in JSON lines',
    file: 'texts.jsonl',
    content: '{"id":1,"t":""}\n{"id":2,"t":null}\n{"id":3,"t":"NA"}\n{"id":4,"t":"null"}\n',
    gives: { rows: ['{"id":1,"t":""}', '{"id":2,"t":null}', '{"id":3,"t":"NA"}', '{"id":4,"t":"null"}'] },
  },
  {
    title: 'a column of nulls alone',
    file: 'all-null.csv',
    content: 'a,b\n1,\n2,NA\n',
    gives: { rows: ['{"a":1,"b":null}', '{"a":2,"b":null}'] },
  },
  {
    title: 'one column that is null in some rows',
    file: 'single.jsonl',
    content: '{"t":null}\n{"t":"x"}\n{"t":""}\n',
    gives: { rows: ['{"t":null}', '{"t":"x"}', '{"t":""}'] },
  },
  {
    title: 'a lone quoted empty cell, which is a row, and empty lines, which are not',
    file: 'empty-lines.csv',
    content: 't\nx\n\n""\n\n',
    gives: { rows: ['{"t":"x"}', '{"t":""}'] },
  },
];
