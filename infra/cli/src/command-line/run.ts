import { type Command, CommanderError } from 'commander';
import { Ended, EXIT, exitStatusOf, explainError } from '../errors.ts';
import { tell } from '../output/terminal.ts';
import { usageErrorOf } from './usage.ts';

export interface RunOptions {
  /** If true, unexpected errors print their stack, for development. */
  readonly showsStack?: boolean;
}

/**
 * Runs the command of the command line. Errors are printed in four parts on standard error, and set
 * the exit code.
 * @param args without the program; those of the process when they are left out
 */
export async function runCommandLine(
  root: Command,
  { showsStack = false }: RunOptions = {},
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  refuseByThrowing(root);
  // A reader that closes early (`bifold query ... | head`) is not an error.
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

/** Replaces the usage errors of Commander by ours, in four parts. */
export function refuseByThrowing(command: Command): void {
  command.configureOutput({ outputError: () => {} }).exitOverride((error) => {
    // Commander has already shown the help, either requested or for a group without a command.
    throw error.exitCode === 0 || error.code === 'commander.help' ? error : usageErrorOf(command, error);
  });
  for (const below of command.commands) refuseByThrowing(below);
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  return exitStatusOf(error);
}
