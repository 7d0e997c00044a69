import type { Command } from 'commander';
import { convertCommand } from '../commands/data/convert.ts';
import { exploreCommand } from '../commands/data/explore.ts';
import { sqlCommand } from '../commands/query/sql.ts';
import { Ended, exitStatusOf, explainError } from '../errors.ts';
import { refuseByThrowing } from './run.ts';

const COMMANDS = { convert: convertCommand, explore: exploreCommand, sql: sqlCommand } as const;

/** The output and the exit code of a command. */
export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of `bifold` that needs no service, within this process. */
export async function runCommand(name: keyof typeof COMMANDS, args: readonly string[]): Promise<Ran> {
  const command: Command = COMMANDS[name]();
  refuseByThrowing(command);
  const [out, err] = [captured(process.stdout), captured(process.stderr)];
  try {
    await command.parseAsync(args, { from: 'user' });
    return { status: 0, stdout: out.text(), stderr: err.text() };
  } catch (error) {
    const told = error instanceof Ended ? '' : explainError(error);
    return { status: exitStatusOf(error), stdout: out.text(), stderr: `${err.text()}${told}` };
  } finally {
    out.restore();
    err.restore();
  }
}

function captured(stream: NodeJS.WriteStream): { text(): string; restore(): void } {
  const { write } = stream;
  let text = '';
  stream.write = (chunk: string | Uint8Array) => {
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    return true;
  };
  return {
    text: () => text,
    restore: () => {
      stream.write = write;
    },
  };
}
