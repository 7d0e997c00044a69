import { unknownColumn, unusableHeader } from '../errors.ts';
import {
  type Fields,
  isBad,
  type OpenRows,
  type Outcome,
  type Rename,
  type RowContent,
  withContent,
} from '../file-format.ts';

const newName = (rename: Rename, name: string): string =>
  Object.hasOwn(rename, name) ? (rename[name] as string) : name;

/** The name in the file of a column. */
export function nameInFile(rename: Rename, name: string): string {
  return Object.entries(rename).find(([, to]) => to === name)?.[0] ?? name;
}

/**
 * Gives columns other names.
 *
 * @throws {UnreadableFile} if a column does not exist, or two columns get the same name
 */
function renamedNames(file: string, names: readonly string[], rename: Rename): readonly string[] {
  const unknown = Object.keys(rename).find((name) => !names.includes(name));
  if (unknown !== undefined) throw unknownColumn(file, unknown, names);
  const renamed = names.map((name) => newName(rename, name));
  const twice = renamed.find((name, index) => renamed.indexOf(name) !== index);
  if (twice !== undefined) throw unusableHeader(file, `two columns "${twice}" after --rename`);
  return renamed;
}

/** The columns of a file with other names. */
export function renamedColumns<Named extends { readonly name: string }>(
  file: string,
  columns: readonly Named[],
  rename: Rename,
): readonly Named[] {
  const before = columns.map(({ name }) => name);
  const names = renamedNames(file, before, rename);
  return columns.map((column, index) => ({ ...column, name: names[index] as string }));
}

/** The rows of a file with other names of columns. */
export function renamedRows(file: string, opened: OpenRows, rename: Rename | undefined): OpenRows {
  if (rename === undefined || Object.keys(rename).length === 0) return opened;
  const { header, batches } = opened;
  if (header !== null) return { ...opened, header: renamedNames(file, header, rename) };
  const renamedRow = (row: Outcome<RowContent>): Outcome<RowContent> => {
    if (isBad(row)) return row;
    const fields = Object.entries(row.content as Fields).map(([name, value]) => [newName(rename, name), value]);
    return withContent(row, Object.fromEntries(fields) as Fields);
  };
  const rows = async function* () {
    for await (const batch of batches) yield batch.map(renamedRow);
  };
  return { ...opened, batches: rows() };
}
