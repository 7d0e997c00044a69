import { bufferOf } from './text.ts';

const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];

/**
 * The bytes of lines. A line ends with a line feed, which may follow a carriage return. `readline`
 * also splits at U+2028, which JSON may contain unescaped.
 */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const lines of lineBatches(input)) yield* lines;
}

/**
 * Lines in batches, one per chunk of the input. Awaiting each line would cost more than reading it.
 */
export async function* lineBatches(input: AsyncIterable<Uint8Array>): AsyncGenerator<readonly Buffer[]> {
  let rest: Buffer[] = [];
  for await (const chunk of input) {
    const bytes = bufferOf(chunk);
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
      const line = bytes.subarray(from, at);
      lines.push(withoutReturn(rest.length === 0 ? line : Buffer.concat([...rest, line])));
      rest = [];
      from = at + 1;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
    yield lines;
  }
  if (rest.length > 0) yield [withoutReturn(Buffer.concat(rest))];
}

const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line);
