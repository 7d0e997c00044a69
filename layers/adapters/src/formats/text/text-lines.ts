import { isUtf8 } from 'node:buffer';
import { followedBy } from '../followed-by.ts';
import { bufferOf, escapedBytes } from '../text.ts';

/** A line without its end, or a line that cannot be read as text. */
export type TextLine = string | BrokenLine;

export interface BrokenLine {
  /** The line with replacement characters. Empty if the line is too long. */
  readonly text: string;
  /** The line as messages show it. */
  readonly raw: string;
  readonly problem: 'not-utf8' | 'unreadable';
  readonly reason: string;
}

export type LineEnd = '\n' | '\r';

/** The size limit of a row. */
export const ROW_BYTES_MAX = 16 * 1024 * 1024;
const SHOWN_BYTES = 1_000;
/** A file whose first bytes hold carriage returns but no line feed ends lines with the former. */
const LINE_END_BYTES = 64 * 1024;

const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];

/** Detects the character that ends lines. The bytes returned start at the beginning again. */
export async function withLineEnd(
  input: AsyncIterable<Uint8Array>,
): Promise<{ readonly lineEnd: LineEnd; readonly bytes: AsyncIterable<Uint8Array> }> {
  const rest = input[Symbol.asyncIterator]();
  const seen: Buffer[] = [];
  let [seenBytes, hasReturn, isKnown] = [0, false, false];
  while (!isKnown) {
    const { done, value } = await rest.next();
    if (done) break;
    const bytes = bufferOf(value);
    seen.push(bytes);
    seenBytes += bytes.length;
    if (bytes.includes(LINE_FEED)) [isKnown, hasReturn] = [true, false];
    else {
      hasReturn ||= bytes.includes(CARRIAGE_RETURN);
      // A line feed may follow the last byte.
      isKnown = seenBytes > (hasReturn ? LINE_END_BYTES : ROW_BYTES_MAX) && bytes.at(-1) !== CARRIAGE_RETURN;
    }
  }
  return { lineEnd: hasReturn ? '\r' : '\n', bytes: followedBy<Uint8Array>(seen, rest) };
}

/** The lines of a UTF-8 file, in batches. A batch holds the lines that end in one read. */
export async function* textLines(
  input: AsyncIterable<Uint8Array>,
  lineEnd: LineEnd,
  encoding: string,
): AsyncGenerator<readonly TextLine[]> {
  const end = lineEnd === '\n' ? LINE_FEED : CARRIAGE_RETURN;
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of input) {
    const bytes = bufferOf(chunk);
    const first = bytes.indexOf(end);
    if (first < 0) {
      // The beginning of a line that is too long is enough for its message.
      if (restBytes <= ROW_BYTES_MAX) rest.push(bytes);
      restBytes += bytes.length;
      continue;
    }
    yield [lineOf([...rest, bytes.subarray(0, first)], restBytes + first, encoding)];
    const last = bytes.lastIndexOf(end);
    if (last > first) yield blockLines(bytes.subarray(first + 1, last), lineEnd, encoding);
    rest = last + 1 === bytes.length ? [] : [bytes.subarray(last + 1)];
    restBytes = bytes.length - last - 1;
  }
  if (restBytes > 0) yield [lineOf(rest, restBytes, encoding)];
}

/** Splits a block of lines. One native call does it if all of the block is UTF-8. */
function blockLines(block: Buffer, lineEnd: LineEnd, encoding: string): readonly TextLine[] {
  if (block.length <= ROW_BYTES_MAX && isUtf8(block)) return block.toString('utf8').split(lineEnd);
  const lines: TextLine[] = [];
  for (let from = 0; from <= block.length; ) {
    const found = block.indexOf(lineEnd, from);
    const to = found < 0 ? block.length : found;
    lines.push(lineOf([block.subarray(from, to)], to - from, encoding));
    from = to + 1;
  }
  return lines;
}

function lineOf(parts: readonly Buffer[], length: number, encoding: string): TextLine {
  const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  if (length > ROW_BYTES_MAX) {
    const raw = bytes.toString('utf8', 0, SHOWN_BYTES);
    return { text: '', raw: `${raw}…`, problem: 'unreadable', reason: 'a row of more than 16 MiB' };
  }
  const text = bytes.toString('utf8');
  if (isUtf8(bytes)) return text;
  return { text, raw: escapedBytes(bytes), problem: 'not-utf8', reason: `bytes that are not ${encoding}` };
}
