import { parseArgs } from 'node:util';
import { helpOf } from './help.ts';
import type { AnyOptions, ValuesOf } from './option.ts';
import { optionsOf, type Program, STATUS, type Typed, usageOf } from './program.ts';
import { quoted, WrongCommand, wrongCommand } from './wrong-command.ts';

/**
 * Runs a program that `npm run` starts, as it was typed: `body` gives the status that the process
 * ends with.
 *
 * What a program takes is declared once: its help is made of that, what a person types is read by
 * that, and what cannot be read is refused with status 2, in four parts, as `npx bifold` does.
 * Nothing of the project is loaded for it, so that a program can refuse before it loads what is
 * heavy.
 */
export async function runProgram<Options extends AnyOptions, Words = readonly never[]>(
  program: Program<Options, Words>,
  body: (typed: Typed<Options, Words>) => Promise<number>,
): Promise<void> {
  try {
    const typed = readCommandLine(program, process.argv.slice(2));
    if (typed === null) console.log(helpOf(program));
    process.exitCode = typed === null ? STATUS.ok : await body(typed);
  } catch (error) {
    tell(explained(error));
    // The remaining work of the process is obsolete.
    process.exit(error instanceof WrongCommand ? STATUS.usage : STATUS.failed);
  }
  if (program.holdsSockets) process.exit();
}

export const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** Null where help was asked for. Throws a WrongCommand where something is not allowed. */
export function readCommandLine<Options extends AnyOptions, Words = readonly never[]>(
  program: Program<Options, Words>,
  args: readonly string[],
): Typed<Options, Words> | null {
  const known = optionsOf(program);
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: {
      ...mapped(known, ({ placeholder }) => ({ type: placeholder === null ? 'boolean' : 'string' }) as const),
      help: { type: 'boolean', short: 'h' },
    },
  });
  // A person who asks for help gets it, whatever else was typed.
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return null;
  const words: string[] = [];
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const found = Object.hasOwn(known, name) ? known[name] : undefined;
    if (found === undefined) throw wrongCommand(program, rawName, usagesOf(known), null);
    if (found.placeholder === null && value !== undefined)
      throw wrongCommand(program, `${rawName}=${value}`, `${rawName} without a value`, rawName);
    // A word that looks like an option is not a value, unless it was written as --only=--x.
    const isMissing = found.placeholder !== null && (value === undefined || (!inlineValue && /^--?\D/.test(value)));
    given.set(name, [...(given.get(name) ?? []), isMissing ? '' : (value ?? '')]);
  }
  const values = mapped(known, (one, name) =>
    one.read(given.get(name) ?? [], (received, allowed, example) => {
      const value = received === '' ? 'nothing' : `"${received}"`;
      throw wrongCommand(program, `--${name} with ${value}`, allowed, `--${name} ${quoted(example)}`);
    }),
  );
  for (const [name, one] of Object.entries(known)) {
    const needed = one.needs === null ? undefined : known[one.needs];
    if (needed === undefined || one.needs === null || !given.has(name) || given.has(one.needs)) continue;
    const both = `${usageOf(one.needs, needed)} ${usageOf(name, one)}`;
    throw wrongCommand(program, `--${name} without --${one.needs}`, both, null);
  }
  return {
    options: values as ValuesOf<Options>,
    words: readWords(program, words, known),
    given: new Set(given.keys()),
  };
}

function readWords<Options extends AnyOptions, Words>(
  program: Program<Options, Words>,
  texts: readonly string[],
  known: AnyOptions,
): Words {
  if (program.words === undefined) {
    if (texts.length > 0) throw wrongCommand(program, `"${texts.join(' ')}"`, usagesOf(known), null);
    return [] as Words;
  }
  const { placeholder } = program.words;
  return program.words.read(texts, (received, allowed, example) => {
    throw wrongCommand(program, received === '' ? `no ${placeholder}` : `"${received}"`, allowed, example);
  });
}

const usagesOf = (known: AnyOptions): string =>
  Object.entries(known)
    .map(([name, one]) => usageOf(name, one))
    .join(', ');

/** An error as a person reads it. Where a program broke, only its stack says why. */
function explained(error: unknown): string {
  if (!(error instanceof WrongCommand)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { failed, received, allowed, remedy } = error.explanation;
  return `✖ ${failed}\n  got       ${received}\n  expected  ${allowed}\n  fix       ${remedy}\n  [BIFOLD_BAD_USAGE]`;
}

function mapped<T, R>(record: Readonly<Record<string, T>>, of: (value: T, name: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value, name)]));
}
