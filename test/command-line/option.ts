/** The values of an option; null if a text is not one. */
interface Value<T> {
  readonly placeholder: string;
  readonly allowed: string;
  readonly example: string;
  readonly read: (text: string) => T | null;
}

export interface Option<T> {
  /** The placeholder of its value in the help; null if it takes none. */
  readonly placeholder: string | null;
  readonly says: string;
  readonly needs: string | null;
  /** From the texts that came, none when the option was left out. */
  readonly read: (texts: readonly string[], refuse: Refuse) => T;
}

/** The words beside the options. */
export interface Operands<T> extends Pick<Option<T>, 'says' | 'read'> {
  readonly placeholder: string;
}

export type AnyOptions = Readonly<Record<string, Option<unknown>>>;
export type ValuesOf<Options extends AnyOptions> = {
  readonly [Name in keyof Options]: Options[Name] extends Option<infer T> ? T : never;
};
type Refuse = (received: string, allowed: string, example: string) => never;

// The kinds of values.

export function wholeNumber({ from = 0, to = null }: { from?: number; to?: number | null } = {}): Value<number> {
  return {
    placeholder: 'N',
    allowed: `a whole number from ${from} ${to === null ? 'on' : `to ${to}`}`,
    example: String(Math.max(from, Math.min(7, to ?? 7))),
    read: (text) => {
      const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      return Number.isSafeInteger(number) && number >= from && number <= (to ?? number) ? number : null;
    },
  };
}

/** With a point or without. */
export function decimalNumber({ from = 0 }: { from?: number } = {}): Value<number> {
  return {
    placeholder: 'N',
    allowed: `a number from ${from} on`,
    example: String(Math.max(from, 2.5)),
    read: (text) => (/^\d+(\.\d+)?$/.test(text) && Number(text) >= from ? Number(text) : null),
  };
}

export function choice<Name extends string>(placeholder: string, names: readonly Name[]): Value<Name> {
  return {
    placeholder,
    allowed: names.join(', '),
    example: names[0] ?? '',
    read: (text) => names.find((name) => name === text) ?? null,
  };
}

/** Any text but none, or the texts of a pattern; `allowed` says so to a person. */
export function text(
  placeholder: string,
  { pattern = /./, allowed, example }: { pattern?: RegExp; allowed: string; example: string },
): Value<string> {
  return { placeholder, allowed, example, read: (given) => (pattern.test(given) ? given : null) };
}

/** Some of them, with commas between. */
export function list<T>(each: Value<T>): Value<readonly T[]> {
  return {
    placeholder: `${each.placeholder},...`,
    allowed: `one or more, with commas between, each ${each.allowed}`,
    example: each.example,
    read: (texts) => {
      const values = texts.split(',').map((one) => each.read(one));
      return values.includes(null) ? null : (values as T[]);
    },
  };
}

// The kinds of options.

interface Conditions {
  /** The option without which this one means nothing. */
  readonly needs?: string;
}

export function flag(says: string, { needs = null }: { needs?: string | null } = {}): Option<boolean> {
  return { placeholder: null, says, needs, read: (texts) => texts.length > 0 };
}

/** `byDefault` where it is left out, as the help says. */
export function option<T extends string | number>(value: Value<T>, byDefault: T, says: string): Option<T> {
  const shown = { ...value, example: String(byDefault) };
  return {
    placeholder: value.placeholder,
    says: `${says} (default ${byDefault})`,
    needs: null,
    read: (texts, refuse) => (texts.length === 0 ? byDefault : readLast(shown, texts, refuse)),
  };
}

/** Null where it is left out. */
export function optional<T>(value: Value<T>, says: string, { needs }: Conditions = {}): Option<T | null> {
  return {
    placeholder: value.placeholder,
    says,
    needs: needs ?? null,
    read: (texts, refuse) => (texts.length === 0 ? null : readLast(value, texts, refuse)),
  };
}

/** An option that may be repeated. */
export function repeated<T>(value: Value<T>, says: string): Option<readonly T[]> {
  return {
    placeholder: value.placeholder,
    says: `${says}; may be repeated`,
    needs: null,
    read: (texts, refuse) => texts.map((one) => readLast(value, [one], refuse)),
  };
}

/** One word, which may not be left out. */
export function oneWord<T>(value: Value<T>, says: string): Operands<T> {
  const { placeholder, allowed, example } = value;
  return {
    placeholder,
    says,
    read: (texts, refuse) =>
      texts.length > 1
        ? refuse(texts.join(' '), `one of ${allowed}`, example)
        : readLast(value, texts.length === 0 ? [''] : texts, refuse),
  };
}

/** Any number of words, or none. */
export function someWords<T>(value: Value<T>, says: string): Operands<readonly T[]> {
  return {
    placeholder: `[${value.placeholder}...]`,
    says,
    read: (texts, refuse) => texts.map((one) => readLast(value, [one], refuse)),
  };
}

/** The last value of a repeated option wins. */
function readLast<T>({ read, allowed, example }: Value<T>, texts: readonly string[], refuse: Refuse): T {
  const last = texts.at(-1) ?? '';
  return read(last) ?? refuse(last, allowed, example);
}
