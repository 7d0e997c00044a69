import { type AnyOptions, flag, type Operands, type Option, type ValuesOf } from './option.ts';

/** The exit codes that all programs share: `failed` if it broke, or if its check failed. */
export const STATUS = { ok: 0, failed: 1, usage: 2 } as const;

/** A program that `npm run` starts, and all that may be typed for it. */
export interface Program<Options extends AnyOptions, Words> {
  /** The name for npm: `simulate`. */
  readonly name: string;
  /** The purpose and the requirements. */
  readonly does: string;
  /** The words beside the options; without it there may be none. */
  readonly words?: Operands<Words>;
  /** `--help` is added to them. */
  readonly options: Options;
  /** The meaning of each exit code; that of a wrong command is the same for all. */
  readonly statuses: Readonly<Record<number, string>>;
  /** The arguments after `npm run NAME`. */
  readonly examples: readonly string[];
  readonly remarks?: string;
  /** Clients may hold sockets that are no longer needed: the process ends with the program. */
  readonly holdsSockets?: true;
}

/** The parsed command line. */
export interface Typed<Options extends AnyOptions, Words> {
  readonly options: ValuesOf<Options>;
  readonly words: Words;
  /** The options that were not left out. */
  readonly given: ReadonlySet<string>;
}

export function optionsOf(program: { readonly options: AnyOptions }): AnyOptions {
  return { ...program.options, help: flag('this text') };
}

/** An option as it is typed: `--seeds N`. */
export const usageOf = (name: string, { placeholder }: Option<unknown>): string =>
  placeholder === null ? `--${name}` : `--${name} ${placeholder}`;
