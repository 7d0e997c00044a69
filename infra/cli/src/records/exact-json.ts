/** What engines have of "JSON.parse source text access", which TypeScript does not know yet. */
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
 * As JSON.parse, but a number keeps its text, and is written by JSON.stringify with the digits that
 * it came with: 1.0 stays 1.0, and no integer is too long.
 */
export function parseExactly(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' ? exact.rawJSON(source ?? String(value)) : value,
  );
}

/** A JSON number with these digits. @throws {SyntaxError} when they are none */
export function numberOf(text: string): unknown {
  return exact.rawJSON(text);
}

/** The digits of a number that was parsed exactly; null for any other value. */
export function digitsOf(value: unknown): string | null {
  return exact.isRawJSON(value) ? value.rawJSON : null;
}
