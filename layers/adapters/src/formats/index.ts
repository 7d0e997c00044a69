export { CELL_TYPES, type CellType, cellOfValue, type TypedColumn } from './columns/cell-types.ts';
export { parseExactly } from './columns/exact-json.ts';
export { NULL_TEXTS, type NullTexts } from './columns/null-cells.ts';
export { type CellOptions, cellsWriter } from './columns/row-types.ts';
export { checkHeader, type FileSchema } from './columns/schema-header.ts';
export { csvLine } from './csv/cells.ts';
export { parseCsv } from './csv/csv.ts';
export { UnreadableFile } from './errors.ts';
export {
  type BadRow,
  type CheckedRow,
  type FileFormat,
  isBad,
  localInput,
  type OpenRows,
  type Outcome,
  type RowInput,
  type TextOptions,
} from './file-format.ts';
export { FORMAT_EXTENSIONS, FORMAT_KINDS, type FormatKind, formatOfKind, formatOfName } from './formats.ts';
export { jsonText } from './json/json-lines.ts';
export { hasLoneSurrogate, namesInOrder } from './json/json-text.ts';
export { linesOf } from './lines.ts';
export { openSchemaRows, type SchemaRecord } from './schema-rows.ts';
export { copyRows } from './tables.ts';
export { ENCODINGS, type Encoding, utf8Bytes } from './text/encodings.ts';
export { escapedBytes, utf8Of } from './text.ts';
export { inferRows, openTyped, typedRows } from './typed-rows.ts';
export { textOf, writeRows } from './write-rows.ts';
