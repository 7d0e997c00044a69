import { type Command, CommanderError } from 'commander';
import { Ended, EXIT, exitStatusOf, explainError } from '../errors.ts';
import { tell } from '../output/terminal.ts';
import { usageErrorOf } from './usage.ts';

export interface RunOptions {
  /** Shows the stack of an error that nobody expected, as developers need it. */
  readonly showsStack?: boolean;
}

/**
 * Runs what the command line names. Errors are printed in four parts on standard error, and the
 * exit code says how it ended.
 * @param args without the program; those of the process when they are left out
 */
export async function runCommandLine(
  root: Command,
  { showsStack = false }: RunOptions = {},
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  refuseByThrowing(root);
  // A reader that has seen enough (`bifold query ... | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    throw error;
  });
  try {
    await root.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = statusOf(error);
    if (!(error instanceof CommanderError || error instanceof Ended))
      tell(explainError(error, { withStack: showsStack && process.exitCode !== EXIT.usage }));
  }
}

/** The refusals of Commander are written by us, in four parts like all others. */
export function refuseByThrowing(command: Command): void {
  command.configureOutput({ outputError: () => {} }).exitOverride((error) => {
    // Commander has shown the help that was asked for, or that of a group without its command.
    throw error.exitCode === 0 || error.code === 'commander.help' ? error : usageErrorOf(command, error);
  });
  for (const below of command.commands) refuseByThrowing(below);
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return exitStatusOf(error);
}
