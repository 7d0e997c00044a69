import type { Argument, Command, CommanderError, Option } from 'commander';
import { UsageError } from '../errors.ts';

/** A usage error. */
export function badUsage(
  command: Command,
  received: string,
  allowed: string,
  example: string | null = null,
): UsageError {
  const help = `${invocationOf(command)} --help`;
  return new UsageError('BIFOLD_BAD_USAGE', {
    failed: 'the command was not understood',
    received,
    allowed,
    remedy: example === null ? help : `write it as in ${example}; ${help} explains every option`,
  });
}

/** A refusal by Commander, in four parts like all others. */
export function usageErrorOf(command: Command, error: CommanderError): UsageError {
  const [message = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const invalid = INVALID_VALUE.exec(message)?.groups;
  if (invalid?.value !== undefined) return badValue(command, message, invalid.value, invalid.allowed ?? '');
  if (error.code === 'commander.optionMissingArgument') {
    const option = optionIn(command, message);
    if (option !== undefined) return badValue(command, message, '', `a value: ${option.flags}`);
  }
  if (error.code === 'commander.missingArgument') {
    const argument = command.registeredArguments.find((known) => message.includes(`'${known.name()}'`));
    return badUsage(command, message, parserOf(argument)?.allowed ?? usageOf(command), parserOf(argument)?.example);
  }
  const suggestion = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(hints.join(' ').trim())?.[1];
  return badUsage(command, message, suggestion ?? expectedOf(command, error));
}

/** The command as it is typed: `npx bifold topic create`. */
function invocationOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return names[0] === 'bifold' ? `npx ${names.join(' ')}` : names.join(' ');
}

/** Commander's message for a value that a parser refused. */
const INVALID_VALUE =
  /^(?:option '[^']+' argument|command-argument value) '(?<value>[\s\S]*?)' is invalid(?: for argument '[^']+')?\. (?:It must be |Allowed choices are )?(?<allowed>[\s\S]*?)\.?$/;

function badValue(command: Command, message: string, value: string, stated: string): UsageError {
  const option = optionIn(command, message);
  const argument = command.registeredArguments.find((known) => message.includes(`for argument '${known.name()}'.`));
  const parser = parserOf(option ?? argument);
  const name = option?.long ?? option?.short;
  const received = value === '' ? 'nothing' : `"${value}"`;
  const example = parser === null ? null : [...(name == null ? [] : [name]), quoted(parser.example)].join(' ');
  return badUsage(command, name == null ? received : `${name} with ${received}`, parser?.allowed ?? stated, example);
}

function optionIn(command: Command, message: string): Option | undefined {
  return command.options.find(({ flags }) => message.startsWith(`option '${flags}'`));
}

/** The description of a parser; null if it has none. */
function parserOf(
  target: Option | Argument | undefined,
): { readonly allowed: string; readonly example: string } | null {
  const parser = target?.parseArg as Partial<{ allowed: string; example: string }> | undefined;
  const { allowed, example } = parser ?? {};
  return allowed === undefined || example === undefined ? null : { allowed, example };
}

const usageOf = (command: Command): string => command.createHelp().commandUsage(command);

function expectedOf(command: Command, { code }: CommanderError): string {
  if (code === 'commander.unknownCommand') return 'a command that --help lists';
  if (code !== 'commander.unknownOption') return usageOf(command);
  const options = command.createHelp().visibleOptions(command);
  return options.map(({ flags }) => flags).join(', ');
}

/** Quotes a value so that a shell reads it as one word. */
export const quoted = (example: string): string => (example.includes(' ') ? `'${example}'` : example);
