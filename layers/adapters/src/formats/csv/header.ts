import { unusableHeader } from '../errors.ts';
import { type Cells, isBad, type Outcome, type Row } from '../file-format.ts';

/** The names of the columns of a file of CSV. */
export interface Header {
  readonly names: Cells;
  /** Remarks for a person on names that were made up. */
  readonly notes: readonly string[];
}

/**
 * The column names in the first record.
 *
 * @param delimiter null if the user named no delimiter
 * @throws {UnreadableFile} if the record cannot be a header
 */
export function headerOf(name: string, first: Outcome<Cells> | undefined, delimiter: string | null): Header {
  if (first === undefined) throw unusableHeader(name, 'nothing: the file is empty');
  if (isBad(first)) throw unusableHeader(name, `line ${first.line}: ${first.reason}`);
  if (delimiter === null) checkDelimiter(name, first);
  const notes: string[] = [];
  const names = first.content.map((cell, index) => {
    if (cell !== '') return cell;
    const made = `column${index + 1}`;
    notes.push(`column ${index + 1} of ${name} has no name: it is called ${JSON.stringify(made)}`);
    return made;
  });
  checkUnique(name, names);
  return { names, notes };
}

/** Delimiters of other programs. */
const OTHER_DELIMITERS = [';', '\t', '|', ','] as const;

const hasOtherDelimiter = (name: string): boolean => OTHER_DELIMITERS.some((each) => name.includes(each));

/** Which names a header needs in quotes: a lone one that a reader would take for several. */
export function quotedNames(names: Cells): readonly boolean[] {
  return names.map((name) => names.length === 1 && hasOtherDelimiter(name));
}

function checkDelimiter(name: string, { content, quoted }: Row<Cells>): void {
  const [cell] = content;
  if (content.length !== 1 || cell === undefined || quoted !== undefined) return;
  const other = OTHER_DELIMITERS.find((each) => cell.includes(each));
  if (other === undefined) return;
  throw unusableHeader(name, `one column ${JSON.stringify(cell)}`, {
    allowed: 'a header whose cells have the delimiter between them; one column that is called so, in quotes',
    remedy: `name the delimiter: --delimiter ${other === '\t' ? "'\\t'" : `'${other}'`}`,
  });
}

function checkUnique(name: string, names: Cells): void {
  const positions = new Map<string, number>();
  for (const [index, each] of names.entries()) {
    const before = positions.get(each);
    if (before !== undefined)
      throw unusableHeader(name, `two columns "${each}", columns ${before + 1} and ${index + 1}`);
    positions.set(each, index);
  }
}
