import type { FileCase } from './case.ts';

const MEGABYTE = 1024 * 1024;
const FIELD = 'x'.repeat(5 * MEGABYTE);

/** Large fields, rows and headers. */
export const SIZES: readonly FileCase[] = [
  {
    title: 'a field of 5 MiB, in CSV',
    file: 'field.csv',
    content: `id,t\n1,${FIELD}\n2,y\n`,
    gives: { rows: [`{"id":1,"t":"${FIELD}"}`, '{"id":2,"t":"y"}'] },
  },
  {
    title: 'a field of 5 MiB, in JSON lines',
    file: 'field.jsonl',
    content: `{"id":1,"t":"${FIELD}"}\n{"id":2,"t":"y"}\n`,
    gives: { rows: [`{"id":1,"t":"${FIELD}"}`, '{"id":2,"t":"y"}'] },
  },
  {
    title: 'a row of more than 16 MiB',
    file: 'row.csv',
    content: `id,t\n1,${'x'.repeat(17 * MEGABYTE)}\n2,y\n`,
    gives: { rows: ['{"id":2,"t":"y"}'], bad: [{ line: 2, reason: 'more than 16 MiB' }] },
  },
];
