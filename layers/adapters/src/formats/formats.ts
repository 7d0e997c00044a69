import { extname } from 'node:path';
import { csv } from './csv/csv.ts';
import type { FileFormat } from './file-format.ts';
import { jsonLines } from './json/json-lines.ts';
import { parquet } from './parquet/parquet.ts';

/** Every format of files that Bifold reads and writes. */
const FORMATS = [csv, jsonLines, parquet] as const satisfies readonly FileFormat[];

export type FormatKind = (typeof FORMATS)[number]['kind'];

export const FORMAT_KINDS: readonly FormatKind[] = FORMATS.map(({ kind }) => kind);
export const FORMAT_EXTENSIONS: readonly string[] = FORMATS.flatMap(({ extensions }): readonly string[] => extensions);

export function formatOfKind(kind: FormatKind): FileFormat {
  return FORMATS.find((format) => format.kind === kind) as FileFormat;
}

/** The format for the extension of a file name. Null if the extension is unknown. */
export function formatOfName(name: string): (FileFormat & { readonly kind: FormatKind }) | null {
  const extension = extname(name).toLowerCase();
  return FORMATS.find(({ extensions }) => (extensions as readonly string[]).includes(extension)) ?? null;
}
