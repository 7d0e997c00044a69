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

/**
 * Like JSON.parse, but numbers keep their text, and JSON.stringify writes the same digits. 1.0
 * stays 1.0, and long integers are not rounded.
 */
export function parseExactly(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' ? exact.rawJSON(source ?? String(value)) : value,
  );
}

/**
 * Creates a JSON number with these digits.
 *
 * @throws {SyntaxError} when they are none
 */
export function numberOf(text: string): unknown {
  return exact.rawJSON(text);
}

/** The digits of a number that `parseExactly` read. Null for any other value. */
export function digitsOf(value: unknown): string | null {
  return exact.isRawJSON(value) ? value.rawJSON : null;
}
