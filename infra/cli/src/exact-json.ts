/** What engines have of "JSON.parse source text access", which TypeScript does not know yet. */
interface ExactJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
}
const exact = JSON as unknown as ExactJson;

/** As JSON.parse, but a number keeps its text, and is written by JSON.stringify with the digits that it came with: 1.0 stays 1.0, and no integer is too long. */
export function parseExactly(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' ? exact.rawJSON(source ?? String(value)) : value,
  );
}
