import type { Explanation } from '@bifold/core/engine';
import { choice } from './option.ts';

/** A command that the caller must write differently. */
export class WrongCommand extends Error {
  readonly explanation: Explanation;

  constructor(explanation: Explanation) {
    super(`${explanation.failed}: got ${explanation.received}; expected: ${explanation.allowed}`);
    this.name = 'WrongCommand';
    this.explanation = explanation;
  }
}

/** For what only a program itself can know: names of what it has loaded. */
export function wrongCommand(
  { name }: { readonly name: string },
  received: string,
  allowed: string,
  example: string | null,
): WrongCommand {
  const help = `npm run ${name} -- --help tells what all of it means`;
  return new WrongCommand({
    failed: `npm run ${name} was not understood`,
    received,
    allowed,
    remedy: example === null ? help : `write it as in ${example}; ${help}`,
  });
}

/** A name of those that a program knows once it has loaded them. */
export function readChoice<Name extends string>(
  program: { readonly name: string },
  optionName: string,
  names: readonly Name[],
  received: string,
): Name {
  const { read, allowed, example } = choice('', names);
  const found = read(received);
  if (found !== null) return found;
  throw wrongCommand(program, `--${optionName} with "${received}"`, allowed, `--${optionName} ${quoted(example)}`);
}

/** Quotes a text so that a shell reads it as one word. */
export const quoted = (example: string): string => (example.includes(' ') ? `'${example}'` : example);
