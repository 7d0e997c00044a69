import { parseExactly } from './columns/exact-json.ts';
import type { Fields, FileFormat, Outcome } from './file-format.ts';
import { lineBatches } from './lines.ts';
import { escapedBytes, utf8Of } from './text.ts';

/** One JSON object per line. */
export const jsonLines = {
  kind: 'json',
  extensions: ['.json', '.jsonl', '.ndjson'],
  async open(input, { keepsDigits }) {
    return { header: null, batches: objectsOf(await input.open(), keepsDigits ? parseExactly : JSON.parse) };
  },
  text: () => ({
    head: () => '',
    line: ({ fields }) => `${JSON.stringify(fields)}\n`,
  }),
  copyOptions: () => `FORMAT json`,
  hasTimes: false,
} as const satisfies FileFormat;

async function* objectsOf(
  input: AsyncIterable<Uint8Array>,
  parse: (text: string) => unknown,
): AsyncGenerator<readonly Outcome<Fields>[]> {
  let line = 0;
  for await (const lines of lineBatches(input)) {
    const batch: Outcome<Fields>[] = [];
    for (const bytes of lines) {
      line++;
      const raw = utf8Of(bytes);
      if (raw === null) batch.push({ line, raw: escapedBytes(bytes), problem: 'unreadable', reason: 'no UTF-8' });
      else if (raw.trim() !== '') batch.push(objectOf(line, raw, parse));
    }
    yield batch;
  }
}

function objectOf(line: number, raw: string, parse: (text: string) => unknown): Outcome<Fields> {
  let content: unknown;
  try {
    content = parse(raw);
  } catch (error) {
    return { line, raw, problem: 'unreadable', reason: error instanceof Error ? error.message : 'no JSON' };
  }
  if (isObject(content, raw)) return { line, raw, content };
  return { line, raw, problem: 'not-an-object', reason: 'no JSON object' };
}

/** Numbers that keep their digits are JavaScript objects too, so exclude them. */
function isObject(content: unknown, raw: string): content is Fields {
  return content !== null && typeof content === 'object' && raw.trimStart().startsWith('{');
}
