import type { FileCase } from './case.ts';
import { ENCODINGS } from './encodings.ts';
import { JSON_LINES } from './json.ts';
import { NAMES } from './names.ts';
import { NULLS } from './nulls.ts';
import { NUMBERS } from './numbers.ts';
import { PARQUET } from './parquet.ts';
import { SIZES } from './sizes.ts';
import { STRUCTURE } from './structure.ts';
import { TIMES } from './times.ts';

/** Every odd file, by the kind of its oddity. */
export const CORPUS: Readonly<Record<string, readonly FileCase[]>> = {
  names: NAMES,
  encodings: ENCODINGS,
  numbers: NUMBERS,
  times: TIMES,
  nulls: NULLS,
  structure: STRUCTURE,
  'JSON lines': JSON_LINES,
  sizes: SIZES,
  Parquet: PARQUET,
};
