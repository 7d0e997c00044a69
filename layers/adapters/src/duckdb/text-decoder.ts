import dataAccessors from '@duckdb/node-api/lib/vectors/dataAccessors.js';

/**
 * The library decodes all text by one decoder, which takes U+FEFF at the start of a text for a byte
 * order mark and drops it. Two keys would become one. The texts of a database have no such mark, so
 * this decoder keeps every character, in columns of text and within lists, structs, maps and
 * variants.
 */
export function keepLeadingMarks(): void {
  Object.assign(dataAccessors, { textDecoder: new TextDecoder('utf-8', { ignoreBOM: true }) });
}
