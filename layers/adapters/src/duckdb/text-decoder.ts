import dataAccessors from '@duckdb/node-api/lib/vectors/dataAccessors.js';

/**
 * The library decodes all text by one decoder, which drops U+FEFF at the start of a text as a byte
 * order mark, so two keys would become one. Texts of a database have no such mark. This decoder
 * keeps every character, in columns of text and within lists, structs, maps and variants.
 */
export function keepLeadingMarks(): void {
  Object.assign(dataAccessors, { textDecoder: new TextDecoder('utf-8', { ignoreBOM: true }) });
}
