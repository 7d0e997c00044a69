import { type Argument, Command, Option } from 'commander';
import { Ended, EXIT } from '../errors.ts';
import { runCommandLine } from './run.ts';
import { badUsage, quoted } from './usage.ts';
import { choice, type ValueParser } from './values.ts';

/** A development program that `npm run` starts. It is separate from `bifold`. */
export interface Program {
  /** The name of the npm script, such as `simulate`. */
  readonly name: string;
  /** One paragraph. Line breaks are ignored. */
  readonly description: string;
  readonly argument?: Argument;
  readonly options: readonly Option[];
  /** Options that need another option, by name: `{ trace: 'seed' }`. */
  readonly requires?: Readonly<Record<string, string>>;
  /**
   * The exit codes of this program. Those for usage errors and crashes are shared by all programs.
   */
  readonly exitCodes: Readonly<Record<number, string>>;
  /** The texts after `npm run NAME`. */
  readonly examples: readonly string[];
  readonly remarks?: string;
  /** Set if clients may keep sockets open. The process then exits when the program ends. */
  readonly holdsSockets?: true;
}

/** The options and arguments of a call. */
export interface Call<Options, Words> {
  readonly options: Options;
  readonly words: Words;
  /** The names of the options that were given. */
  readonly given: ReadonlySet<string>;
}

type Body<Options, Words> = (call: Call<Options, Words>) => Promise<number>;

/** An option with a value, such as `--seeds <n>`. It is undefined if it is not given. */
export function option<T>(
  flags: string,
  description: string,
  parse?: ((text: string, before: T) => T) | ValueParser<T>,
  byDefault?: T,
): Option {
  const declared = new Option(flags, description);
  if (parse !== undefined) declared.argParser(parse as (text: string, before: T) => T);
  return byDefault === undefined ? declared : declared.default(byDefault);
}

const SHARED_EXIT_CODES = { 2: 'usage error', 3: 'the program broke' };

/** The program as a command, whose action throws `Ended` for every status but 0. */
export function commandOf<Options, Words>(program: Program, body: Body<Options, Words>): Command {
  const { name, description, argument, options, requires = {}, exitCodes, examples, remarks } = program;
  const command = new Command(`npm run ${name} --`).description(description.replaceAll('\n', ' '));
  if (argument !== undefined) command.addArgument(argument);
  for (const declared of options) command.addOption(declared);
  const codes = Object.entries({ ...SHARED_EXIT_CODES, ...exitCodes });
  const parts = [
    ...(remarks === undefined ? [] : [remarks]),
    `Exit codes:\n${codes.map(([code, meaning]) => `  ${code.padEnd(3)}  ${meaning}`).join('\n')}`,
    `Examples:\n${examples.map((example) => `  $ npm run ${name} ${example}`.trimEnd()).join('\n')}`,
  ];
  command.addHelpText('after', `\n${parts.join('\n\n')}`);
  return command.action(async () => {
    const given = new Set(Object.keys(command.opts()).filter((key) => command.getOptionValueSource(key) === 'cli'));
    for (const [option, needed] of Object.entries(requires))
      if (given.has(option) && !given.has(needed))
        throw badUsage(command, `--${option} without --${needed}`, `--${needed} and --${option}`);
    const status = await body({
      options: command.opts() as Options,
      words: command.processedArgs[0] as Words,
      given,
    });
    if (status !== 0) throw new Ended(status);
  });
}

/** Runs a program with the arguments of the process. `body` returns the exit code. */
export async function runProgram<Options, Words = undefined>(
  program: Program,
  body: Body<Options, Words>,
): Promise<void> {
  await runCommandLine(commandOf(program, body), { showsStack: true });
  // Unfinished work of a crashed program is useless.
  if (program.holdsSockets || process.exitCode === EXIT.failed) process.exit();
}

/** A usage error for a value whose allowed names are known only after loading. */
export function refusedValue(
  program: Pick<Program, 'name'>,
  received: string,
  allowed: string,
  example: string | null,
) {
  return badUsage(new Command(`npm run ${program.name} --`), received, allowed, example);
}

/** Reads a name from a list that is known only after loading. */
export function readChoice<Name extends string>(
  program: Pick<Program, 'name'>,
  optionName: string,
  names: readonly Name[],
  received: string,
): Name {
  const found = names.find((name) => name === received);
  if (found !== undefined) return found;
  const { allowed, example } = choice(names);
  throw refusedValue(program, `${optionName} with "${received}"`, allowed, `${optionName} ${quoted(example)}`);
}
