import type { FileCase } from './case.ts';

/** Nulls, empty texts and absent fields. */
export const NULLS: readonly FileCase[] = [
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
    title: 'a column of nulls alone',
    file: 'all-null.csv',
    content: 'a,b\n1,\n2,NA\n',
    gives: { rows: ['{"a":1,"b":null}', '{"a":2,"b":null}'] },
  },
];
