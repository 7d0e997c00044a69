import { type AnyOptions, flag, type Operands, type Option, type ValuesOf } from './option.ts';

/**
 * The exit codes that mean the same for every program: `failed` when it broke, or when its check
 * failed.
 */
export const STATUS = { ok: 0, failed: 1, usage: 2 } as const;

/** A program that `npm run` starts, and all that may be typed for it. */
export interface Program<Options extends AnyOptions, Words> {
  /** As npm knows it: `simulate`. */
  readonly name: string;
  /** What it does, and what it needs. */
  readonly does: string;
  /** What stands beside the options; no word at all where this is missing. */
  readonly words?: Operands<Words>;
  /** `--help` is added to them. */
  readonly options: Options;
  /** What a status says; that of a wrong command is the same for all. */
  readonly statuses: Readonly<Record<number, string>>;
  /** What follows `npm run NAME`. */
  readonly examples: readonly string[];
  readonly remarks?: string;
  /** Clients may hold sockets that nobody needs any more: the process ends with the program. */
  readonly holdsSockets?: true;
}

/** What a person typed. */
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
