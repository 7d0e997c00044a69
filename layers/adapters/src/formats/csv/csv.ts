import { extname } from 'node:path';
import { quoted, textLiteral } from '@bifold/core/engine';
import { unusableLine } from '../errors.ts';
import { type Cells, type FileFormat, isBad, type OpenRows, type Outcome, type ReadOptions } from '../file-format.ts';
import { followedBy } from '../followed-by.ts';
import { utf8Bytes } from '../text/encodings.ts';
import { textLines, withLineEnd } from '../text/text-lines.ts';
import { loneSurrogateReason, refuseLoneSurrogates } from '../well-formed.ts';
import { csvLine, type Dialect } from './cells.ts';
import { headerOf, quotedNames } from './header.ts';
import { recordReader } from './records.ts';

const TAB_SEPARATED = '.tsv';
const QUOTE = '"';

/** CSV with a header. Cells have no types. Types come from a schema, or are inferred. */
export const csv = {
  kind: 'csv',
  extensions: ['.csv', TAB_SEPARATED],
  async open(input, options) {
    return openCsv(input.name, utf8Bytes(await input.open(), options.encoding), options);
  },
  text(name, columns) {
    const delimiter = delimiterOf(name);
    const names = columns.map((column) => column.name);
    return {
      head: csvLine(names, delimiter, quotedNames(names)),
      line: (row) => csvLine(row.cells, delimiter, row.quoted),
    };
  },
  unfit(columns) {
    refuseLoneSurrogates('CSV', columns);
    return ({ cells }) => loneSurrogateReason(columns, cells);
  },
  copyOptions(path, nullText, quotedColumns) {
    const nulls = nullText === null ? '' : `, NULLSTR ${textLiteral(nullText)}`;
    const forced = quotedColumns.length === 0 ? '' : `, FORCE_QUOTE (${quotedColumns.map(quoted).join(', ')})`;
    return `FORMAT csv, HEADER, DELIMITER ${textLiteral(delimiterOf(path))}${nulls}${forced}`;
  },
  hasTimes: false,
} as const satisfies FileFormat;

function delimiterOf(name: string): string {
  return extname(name).toLowerCase() === TAB_SEPARATED ? '\t' : ',';
}

/**
 * Parses a small CSV text into rows by column name.
 *
 * @throws {UnreadableFile} naming the first line that cannot be read
 */
export function parseCsv(text: string): Readonly<Record<string, string>>[] {
  const name = 'the CSV';
  const reader = recordReader({ delimiter: ',', quote: QUOTE }, '\n');
  for (const line of text.replace(/^\ufeff/, '').split('\n')) reader.take(line);
  reader.end();
  const [first, ...rows] = reader.taken();
  const { names } = headerOf(name, first, ',');
  return rows.map((row) => {
    if (isBad(row)) throw unusableLine(name, row);
    return Object.fromEntries(names.map((column, index) => [column, row.content[index] as string]));
  });
}

async function openCsv(
  name: string,
  input: AsyncIterable<Uint8Array>,
  { delimiter, quote = QUOTE, encoding }: ReadOptions,
): Promise<OpenRows> {
  const dialect = { delimiter: delimiter ?? delimiterOf(name), quote: quote === '' ? null : quote };
  const batches = recordsOf(input, dialect, encoding ?? 'UTF-8');
  let first: readonly Outcome<Cells>[] = [];
  while (first.length === 0) {
    const { done, value } = await batches.next();
    if (done) break;
    first = value;
  }
  const close = () => batches.return(undefined);
  try {
    const { names, notes } = headerOf(name, first[0], delimiter ?? null);
    return { header: names, notes, batches: followedBy([first.slice(1)], batches), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The rows of a file in batches, the header first. To await each row would be slower. */
async function* recordsOf(
  input: AsyncIterable<Uint8Array>,
  dialect: Dialect,
  encoding: string,
): AsyncGenerator<readonly Outcome<Cells>[]> {
  const { lineEnd, bytes } = await withLineEnd(input);
  const reader = recordReader(dialect, lineEnd);
  for await (const lines of textLines(bytes, lineEnd, encoding)) {
    for (const line of lines) reader.take(line);
    yield reader.taken();
  }
  reader.end();
  yield reader.taken();
}
