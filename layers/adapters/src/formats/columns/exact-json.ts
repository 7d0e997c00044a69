/**
 * The part of "JSON.parse source text access" that engines support, but TypeScript's types lack.
 */
interface ExactJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
}
const exact = JSON as unknown as ExactJson;

/** Blanks between fields, and zeros at the end of fractions. JavaScript would not write them. */
const WRITTEN_OTHERWISE = /": |\.\d*0[,}\]]/;

/**
 * Like JSON.parse, but numbers keep their text, and JSON.stringify writes the same digits. 1.0
 * stays 1.0, and long integers are not rounded. A number is a number of JavaScript if JavaScript
 * writes the same digits.
 */
export function parseExactly(text: string): unknown {
  // For compact JSON with JavaScript's digits this is much faster than a look at each number.
  if (!WRITTEN_OTHERWISE.test(text)) {
    const value: unknown = JSON.parse(text);
    if (JSON.stringify(value) === text) return value;
  }
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' ? numberOf(source ?? String(value)) : value,
  );
}

/**
 * Creates a JSON number with these digits.
 *
 * @throws {SyntaxError} if the text is not a number
 */
export function numberOf(digits: string): unknown {
  const value = Number(digits);
  return String(value) === digits && Number.isFinite(value) ? value : exact.rawJSON(digits);
}

/** The digits of a number. Null for any other value. */
export function digitsOf(value: unknown): string | null {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  return exact.isRawJSON(value) ? value.rawJSON : null;
}

/** Like JSON.stringify, but a number has its own digits, also that of a negative zero. */
export const stringifyExactly = (value: unknown): string => digitsOf(value) ?? JSON.stringify(value);
