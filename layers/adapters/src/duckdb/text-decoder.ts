import dataAccessors from '@duckdb/node-api/lib/vectors/dataAccessors.js';

/**
 * Makes the library keep U+FEFF at the start of a text. Its decoder takes the character for a byte
 * order mark and drops it, so two keys would become one. Texts of a database have no such mark. It
 * applies to columns of text, and to text within lists, structs, maps and variants.
 */
export function keepLeadingMarks(): void {
  Object.assign(dataAccessors, { textDecoder: new TextDecoder('utf-8', { ignoreBOM: true }) });
}
