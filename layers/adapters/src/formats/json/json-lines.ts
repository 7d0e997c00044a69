import type { TypedColumn } from '../columns/cell-types.ts';
import { parseExactly, stringifyExactly } from '../columns/exact-json.ts';
import type { Fields, FileFormat, Outcome, RowText } from '../file-format.ts';
import { followedBy } from '../followed-by.ts';
import { lineBatches } from '../lines.ts';
import { utf8Bytes } from '../text/encodings.ts';
import { escapedBytes, utf8Of } from '../text.ts';
import { HEAD_BYTES, refuseOtherJson } from './json-shape.ts';
import { badJsonReason, DEPTH_MAX, scanJson } from './json-text.ts';
import { fieldsReader } from './wire-fields.ts';

/** One JSON object a line. */
export const jsonLines = {
  kind: 'json',
  extensions: ['.json', '.jsonl', '.ndjson'],
  async open(input, { keepsDigits, encoding, columns }) {
    const bytes = utf8Bytes(await input.open(), encoding);
    const lines = await checkedBytes(input.name, bytes);
    const parse = keepsDigits ? parseExactly : JSON.parse;
    const fieldsOf = columns === undefined ? (fields: Fields) => fields : fieldsReader(columns);
    return { header: null, batches: objectsOf(lines, { parse, fieldsOf }), close: () => bytes.return(undefined) };
  },
  text: (_, columns) => jsonText(columns),
  unfit: () => () => null,
  copyOptions: () => `FORMAT json`,
  hasTimes: false,
} as const satisfies FileFormat;

/** Rows as JSON lines: fields in the order of the columns, those left out that a row lacks. */
export function jsonText(columns: readonly TypedColumn[]): RowText {
  const members = columns.map(({ name }) => ({ name, prefix: `${JSON.stringify(name)}:` }));
  return {
    head: '',
    line({ fields }) {
      let line = '';
      for (const { name, prefix } of members) {
        if (!Object.hasOwn(fields, name)) continue;
        line += `${line === '' ? '{' : ','}${prefix}${stringifyExactly(fields[name])}`;
      }
      return line === '' ? '{}\n' : `${line}}\n`;
    },
  };
}

/**
 * The bytes of lines.
 *
 * @throws {UnreadableFile} if the file is other JSON
 */
async function checkedBytes(name: string, input: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const chunks = input[Symbol.asyncIterator]();
  let [head, isWhole] = [Buffer.alloc(0), false];
  while (head.length < HEAD_BYTES && !isWhole) {
    const { done, value } = await chunks.next();
    if (done) isWhole = true;
    else head = Buffer.concat([head, value]);
  }
  try {
    refuseOtherJson(name, { text: head.toString('utf8'), isWhole });
  } catch (error) {
    await chunks.return?.();
    throw error;
  }
  return followedBy([head], chunks);
}

/** How a line becomes an object. */
interface LineReader {
  readonly parse: (text: string) => unknown;
  readonly fieldsOf: (fields: Fields, text: string) => Fields;
}

async function* objectsOf(
  input: AsyncIterable<Uint8Array>,
  reader: LineReader,
): AsyncGenerator<readonly Outcome<Fields>[]> {
  let line = 0;
  for await (const lines of lineBatches(input)) {
    const batch: Outcome<Fields>[] = [];
    for (const bytes of lines) {
      line++;
      const raw = utf8Of(bytes);
      if (raw === null)
        batch.push({ line, raw: escapedBytes(bytes), problem: 'not-utf8', reason: 'bytes that are not UTF-8' });
      else if (raw.trim() !== '') batch.push(objectOf(line, raw, reader));
    }
    yield batch;
  }
}

function objectOf(line: number, raw: string, { parse, fieldsOf }: LineReader): Outcome<Fields> {
  const unreadable = (reason: string) => ({ line, raw, problem: 'unreadable', reason }) as const;
  // A shorter line cannot be so deep.
  if (raw.length > 2 * DEPTH_MAX && scanJson(raw).depth > DEPTH_MAX)
    return unreadable(`objects and arrays nested more than ${DEPTH_MAX} deep`);
  let content: unknown;
  try {
    content = parse(raw);
  } catch {
    return unreadable(badJsonReason(raw));
  }
  if (isObject(content, raw)) return { line, raw, content: fieldsOf(content, raw) };
  return { line, raw, problem: 'not-an-object', reason: 'no JSON object' };
}

/** Numbers that keep their digits are JavaScript objects too, so exclude them. */
function isObject(content: unknown, raw: string): content is Fields {
  return content !== null && typeof content === 'object' && raw.trimStart().startsWith('{');
}
