/** Texts that mean null. The first one is written for null. */
export type NullTexts = readonly string[];

/** The texts that mean null if the user names none. */
export const NULL_TEXTS: NullTexts = ['', 'NA'];

/**
 * Whether a cell means null. In a text column a quoted cell is never null, and a column that cannot
 * be null has the text itself.
 */
export function isNullCell(
  cell: string,
  isQuoted: boolean,
  { type, nullable }: { readonly type: string; readonly nullable: boolean },
  nullTexts: ReadonlySet<string>,
): boolean {
  return nullTexts.has(cell) && (type !== 'text' || (nullable && !isQuoted));
}
