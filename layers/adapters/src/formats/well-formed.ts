import type { TypedColumn } from './columns/cell-types.ts';
import { unwritableColumns } from './errors.ts';

/**
 * Names the text with half of a surrogate pair, which UTF-8 cannot write. Null if there is none.
 */
export function loneSurrogateReason(columns: readonly TypedColumn[], texts: readonly unknown[]): string | null {
  const index = texts.findIndex((text) => typeof text === 'string' && !text.isWellFormed());
  if (index < 0) return null;
  return `${JSON.stringify(columns[index]?.name)} holds half of a surrogate pair, which UTF-8 cannot write`;
}

/** @throws {UnreadableFile} where a name holds half of a surrogate pair */
export function refuseLoneSurrogates(format: string, columns: readonly TypedColumn[]): void {
  const wrong = columns.find(({ name }) => !name.isWellFormed());
  if (wrong === undefined) return;
  throw unwritableColumns(format, `a column ${JSON.stringify(wrong.name)}, which holds half of a surrogate pair`);
}
