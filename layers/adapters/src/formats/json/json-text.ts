/** The greatest depth of objects and arrays. Deeper ones overflow the stack of many programs. */
export const DEPTH_MAX = 1_000;

const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/** A name in quotes. Each line is scanned for its depth, so names are read only if needed. */
export interface NameToken {
  readonly token: string;
  /** The index of its value. */
  readonly valueAt: number;
}

/** The result of a scan of JSON text, which reads no values. */
export interface JsonScan {
  /** The greatest depth of objects and arrays. */
  readonly depth: number;
  /** The index behind the first value that is an object or array; null where it does not end. */
  readonly end: number | null;
  /** The outermost names in their order, as they are written. */
  readonly names: readonly NameToken[];
  /** Whether a text begins and does not end on its line. */
  readonly isTextOpen: boolean;
}

/** Scans the first object or array of a text, which need not be JSON. */
export function scanJson(text: string): JsonScan {
  const names: NameToken[] = [];
  let [depth, deepest, outerText] = [0, 0, ''];
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '{':
      case '[':
        deepest = Math.max(deepest, ++depth);
        break;
      case '}':
      case ']':
        if (--depth <= 0) return { depth: deepest, end: at + 1, names, isTextOpen: false };
        break;
      case ':':
        if (depth === 1 && outerText !== '') names.push({ token: outerText, valueAt: at + 1 });
        break;
      case ',':
        outerText = '';
        break;
      case '"': {
        const end = endOfText(text, at);
        if (end === null) return { depth: deepest, end: null, names, isTextOpen: true };
        if (depth === 1) outerText = text.slice(at, end);
        at = end - 1;
      }
    }
  }
  return { depth: deepest, end: null, names, isTextOpen: false };
}

/** The index behind the quote that closes a text; null where its line ends before. */
function endOfText(text: string, start: number): number | null {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0;
    while (text[quote - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return text.slice(start, quote).includes('\n') ? null : quote + 1;
  }
  return null;
}

/** The name of a token, which need not be JSON. */
export function nameOf({ token }: NameToken): string {
  try {
    return JSON.parse(token) as string;
  } catch {
    return token.slice(1, -1);
  }
}

/**
 * The names of an object that was parsed from a text, in the order of the text. JavaScript puts
 * those first that are whole numbers.
 */
export function namesInOrder(object: Readonly<Record<string, unknown>>, text: string): readonly string[] {
  const names = Object.keys(object);
  if (!/^\d+$/.test(names[0] ?? '')) return names;
  return [...new Set(scanJson(text).names.map(nameOf))];
}

/**
 * Whether JSON text escapes half of a surrogate pair, which UTF-8 cannot write. JSON.stringify
 * escapes no whole pair.
 */
export function hasLoneSurrogate(json: string): boolean {
  return LONE_SURROGATE.test(json);
}

/** The reason why a text is no JSON, for a person. */
export function badJsonReason(text: string): string {
  const { end, isTextOpen } = scanJson(text);
  if (/^\s*[{[]/.test(text)) {
    if (isTextOpen) return 'no JSON: a text has no closing quote';
    if (end === null) return 'no JSON: the line ends within an object or array';
    if (text.slice(end).trim() !== '') return 'no JSON: more follows behind the object';
  }
  const word = /[:[,]\s*([-+]?(?:NaN|Infinity|nan|inf|None|True|False|undefined))\b/.exec(text)?.[1];
  return word === undefined ? 'no JSON' : `no JSON: ${word} is no value of JSON`;
}
