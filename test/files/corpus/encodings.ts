import type { FileCase } from './case.ts';

const utf16le = (text: string): Buffer => Buffer.from(text, 'utf16le');
const utf16be = (text: string): Buffer => utf16le(text).swap16();
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Encodings, and characters that programs lose. */
export const ENCODINGS: readonly FileCase[] = [
  {
    title: 'a byte order mark before CSV',
    file: 'bom.csv',
    content: '\ufeffid,t\n1,x\n',
    gives: { rows: ['{"id":1,"t":"x"}'] },
  },
  {
    title: 'a byte order mark before JSON lines',
    file: 'bom.jsonl',
    content: '\ufeff{"id":1}\n{"id":2}\n',
    gives: { rows: ['{"id":1}', '{"id":2}'] },
  },
  {
    title: 'U+FEFF elsewhere, which is content',
    file: 'inner-bom.csv',
    content: 'id,\ufefft\n1,\ufeffx\n2,y\ufeff\n',
    gives: { rows: ['{"id":1,"\ufefft":"\ufeffx"}', '{"id":2,"\ufefft":"y\ufeff"}'] },
  },
  {
    title: 'U+FEFF at the start of a text in JSON lines',
    file: 'inner-bom.jsonl',
    content: '{"k":"\ufeffa"}\n{"k":"a"}\n',
    gives: { rows: ['{"k":"\ufeffa"}', '{"k":"a"}'] },
  },
  {
    title: 'UTF-16 with a byte order mark, in CSV',
    file: 'utf16.csv',
    content: utf16le('\ufeffid,t\n1,ü😀\n'),
    gives: { rows: ['{"id":1,"t":"ü😀"}'] },
  },
  {
    title: 'UTF-16 with a byte order mark and the high byte first, in JSON lines',
    file: 'utf16.jsonl',
    content: utf16be('\ufeff{"t":"ü😀"}\n'),
    gives: { rows: ['{"t":"ü😀"}'] },
  },
  {
    title: 'UTF-16 that --encoding names',
    file: 'utf16-named.csv',
    content: utf16le('id,t\n1,ü\n'),
    options: ['--encoding', 'utf-16le'],
    gives: { rows: ['{"id":1,"t":"ü"}'] },
  },
  {
    title: 'half of a surrogate pair in UTF-16',
    file: 'utf16-broken.csv',
    content: utf16le('\ufeffid,t\n1,a\ud800\n2,b\n'),
    gives: { rows: ['{"id":2,"t":"b"}'], bad: [{ line: 2, reason: 'bytes that are not' }] },
  },
  {
    title: 'Latin-1 that --encoding names',
    file: 'latin1.csv',
    content: latin1('id,t\n1,café\n'),
    options: ['--encoding', 'latin1'],
    gives: { rows: ['{"id":1,"t":"café"}'] },
  },
  {
    title: 'Windows-1252 that --encoding names',
    file: 'windows.csv',
    content: Buffer.concat([latin1('id,t\n1,'), Buffer.of(0x80), latin1('5 é\n')]),
    options: ['--encoding', 'windows-1252'],
    gives: { rows: ['{"id":1,"t":"€5 é"}'] },
  },
  {
    title: 'Latin-1 where UTF-8 is expected, in CSV',
    file: 'not-utf8.csv',
    content: Buffer.concat([latin1('id,t\n1,a\n2,café\n'), Buffer.from('3,ü\n')]),
    gives: { rows: ['{"id":1,"t":"a"}', '{"id":3,"t":"ü"}'], bad: [{ line: 3, reason: 'bytes that are not UTF-8' }] },
  },
  {
    title: 'Latin-1 where UTF-8 is expected, in JSON lines',
    file: 'not-utf8.jsonl',
    content: latin1('{"t":"a"}\n{"t":"café"}\n'),
    gives: { rows: ['{"t":"a"}'], bad: [{ line: 2, reason: 'bytes that are not UTF-8' }] },
  },
  {
    title: 'a header that is not UTF-8',
    file: 'header.csv',
    content: latin1('id,größe\n1,2\n'),
    gives: { refused: 'BIFOLD_CSV_UNREADABLE', says: 'not UTF-8' },
  },
  {
    title: 'an overlong form of UTF-8',
    file: 'overlong.csv',
    content: Buffer.concat([latin1('id,t\n1,'), Buffer.of(0xc0, 0xaf), latin1('\n2,x\n')]),
    gives: { rows: ['{"id":2,"t":"x"}'], bad: [{ line: 2, reason: 'bytes that are not UTF-8' }] },
  },
  {
    title: 'NUL within a text of CSV',
    file: 'nul.csv',
    content: 'id,t\n1,a\0b\n',
    gives: { rows: ['{"id":1,"t":"a\\u0000b"}'] },
  },
  {
    title: 'NUL within a text of JSON lines',
    file: 'nul.jsonl',
    content: '{"id":1,"t":"a\\u0000b"}\n',
    gives: { rows: ['{"id":1,"t":"a\\u0000b"}'] },
  },
  {
    title: 'line separators of Unicode within texts',
    file: 'separators.csv',
    content: 'id,t\n1,a\u2028b\n2,c\u2029d\n3,e\u0085f\n',
    gives: { rows: ['{"id":1,"t":"a\u2028b"}', '{"id":2,"t":"c\u2029d"}', '{"id":3,"t":"e\u0085f"}'] },
  },
  {
    title: 'line separators of Unicode within JSON lines',
    file: 'separators.jsonl',
    content: '{"t":"a\u2028b"}\n{"t":"c\u2029d"}\n',
    gives: { rows: ['{"t":"a\u2028b"}', '{"t":"c\u2029d"}'] },
  },
  {
    title: 'one letter composed in two ways, and characters without width',
    file: 'composed.csv',
    content: 'id,t\n1,é\n2,e\u0301\n3,a\u200db\n4,\u202eabc\n',
    gives: {
      rows: ['{"id":1,"t":"é"}', '{"id":2,"t":"e\u0301"}', '{"id":3,"t":"a\u200db"}', '{"id":4,"t":"\u202eabc"}'],
    },
  },
  {
    title: 'half of a surrogate pair in JSON lines',
    file: 'surrogate.jsonl',
    content: '{"id":1,"t":"\\ud800x"}\n{"id":2,"t":"ok"}\n',
    gives: { rows: ['{"id":1,"t":"\\ud800x"}', '{"id":2,"t":"ok"}'] },
    throughCsv: { rows: ['{"id":2,"t":"ok"}'], bad: [{ line: 1, reason: 'half of a surrogate pair' }] },
    throughParquet: { rows: ['{"id":2,"t":"ok"}'], bad: [{ line: 1, reason: 'half of a surrogate pair' }] },
  },
];
