import type { Column } from '@bifold/core/engine';
import { UnreadableFile } from '../errors.ts';
import type { Cells } from '../file-format.ts';

/** The columns that a schema expects of a file. */
export interface FileSchema {
  readonly columns: readonly Column[];
  /** Columns that a row may lack. */
  readonly optional: ReadonlySet<string>;
}

/**
 * Compares the header of a file with a schema. A misspelt column would be null in every row, so a
 * nullable column may be missing only if the file has no other columns.
 *
 * @returns remarks for a person
 * @throws {UnreadableFile} if columns are missing
 */
export function checkHeader(file: string, header: Cells, { columns, optional }: FileSchema): readonly string[] {
  const names = columns.map(({ name }) => name);
  const others = header.filter((name) => !names.includes(name));
  const missing = columns.filter(({ name, nullable }) => {
    const mayLack = optional.has(name) || (nullable && others.length === 0);
    return !mayLack && !header.includes(name);
  });
  if (missing.length > 0) throw missingColumns(file, header, names, missing);
  if (others.length === 0) return [];
  return [`${file} has columns that the schema lacks, which are left out: ${others.join(', ')}`];
}

function missingColumns(
  file: string,
  header: Cells,
  names: readonly string[],
  missing: readonly Column[],
): UnreadableFile {
  const hints = missing.flatMap(({ name }) => {
    const alike = header.find((each) => !names.includes(each) && plain(each) === plain(name));
    return alike === undefined ? [] : [`--rename ${shellWord(`${alike}=${name}`)}`];
  });
  const rename = hints.length > 0 ? hints.join(' ') : '--rename IN_FILE=IN_SCHEMA';
  return new UnreadableFile('BIFOLD_MISSING_COLUMN', 1, {
    failed: `${file} lacks columns of the schema: ${missing.map(({ name }) => name).join(', ')}`,
    received: `a header of ${header.join(', ')}`,
    allowed: `${names.join(', ')}, in any order`,
    remedy: `correct the header, or rename columns: ${rename}; a column that may be missing is .optional() in the schema`,
  });
}

/** A name without case, blanks and punctuation. */
const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

const shellWord = (text: string): string => (/^[\w=.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
