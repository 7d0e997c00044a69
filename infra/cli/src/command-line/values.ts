import { InvalidArgumentError } from 'commander';

/**
 * Reads the value of an option or an argument from its text.
 * @throws {InvalidArgumentError} for a text that is not allowed
 */
export interface ValueParser<T> {
  (text: string): T;
  /** The allowed values, as text for messages. */
  readonly allowed: string;
  readonly example: string;
}

/** Makes a parser from a function that returns null for an invalid text. */
function valueParser<T>(
  { allowed, example }: { readonly allowed: string; readonly example: string },
  read: (text: string) => T | null,
): ValueParser<T> {
  const parse = (text: string): T => {
    const value = read(text);
    if (value === null) throw new InvalidArgumentError(`It must be ${allowed}.`);
    return value;
  };
  return Object.assign(parse, { allowed, example });
}

export function wholeNumber({ from = 0, to = null }: { from?: number; to?: number | null } = {}): ValueParser<number> {
  const allowed = `a whole number from ${from} ${to === null ? 'on' : `to ${to}`}`;
  const example = String(Math.max(from, Math.min(7, to ?? 7)));
  return valueParser({ allowed, example }, (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(number) && number >= from && number <= (to ?? number) ? number : null;
  });
}

/** A number in decimal notation, with a point or without. */
export function decimalNumber({ from = 0 }: { from?: number } = {}): ValueParser<number> {
  const example = String(Math.max(from, 2.5));
  return valueParser({ allowed: `a number from ${from} on`, example }, (text) =>
    /^\d+(\.\d+)?$/.test(text) && Number(text) >= from ? Number(text) : null,
  );
}

export function choice<Name extends string>(names: readonly Name[]): ValueParser<Name> {
  const options = { allowed: names.join(', '), example: names[0] ?? '' };
  return valueParser(options, (text) => names.find((name) => name === text) ?? null);
}

/** Any text that a pattern matches; without a pattern, any text but the empty one. */
export function text(options: {
  readonly pattern?: RegExp;
  readonly allowed: string;
  readonly example: string;
}): ValueParser<string> {
  const { pattern = /./ } = options;
  return valueParser(options, (given) => (pattern.test(given) ? given : null));
}

/** One or more comma-separated values. */
export function list<T>(each: ValueParser<T>): ValueParser<readonly T[]> {
  const allowed = `one or more, with commas between, each ${each.allowed}`;
  return valueParser({ allowed, example: each.example }, (texts) => {
    try {
      return texts.split(',').map(each);
    } catch (error) {
      if (error instanceof InvalidArgumentError) return null;
      throw error;
    }
  });
}

/** The values of an option that may be repeated, or of an argument that takes several. */
export function repeated<T>(each: ValueParser<T>) {
  const parse = (text: string, before: readonly T[] = []): readonly T[] => [...before, each(text)];
  return Object.assign(parse, { allowed: each.allowed, example: each.example });
}
