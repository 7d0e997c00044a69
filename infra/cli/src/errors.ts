import { InputError } from '@bifold/adapters/errors';
import { BifoldError } from '@bifold/core';
import { DefinitionError, type Explanation, ModelError, QueryError, ViewLostError } from '@bifold/core/engine';
import { fileErrorOf } from './file-errors.ts';

/** An error of the command line itself. */
export class CliError extends BifoldError {}

/** The exit codes of a command. */
export const EXIT = {
  ok: 0,
  /** Check failed: the command worked, and its check failed. */
  no: 1,
  /** Usage error: a wrong option or a wrong definition. */
  usage: 2,
  /** A service is unavailable, or the operation failed. */
  failed: 3,
  /** Data no longer retained: the query can be neither answered nor verified. */
  gone: 4,
} as const;

/** Offsets that are no longer retained. */
export class GoneError extends CliError {}

/** The command worked, and its check failed. */
export class CheckFailed extends CliError {}

/** A wrong option, argument or definition. */
export class UsageError extends CliError {}

/** Ends a command with a status, without a message. */
export class Ended extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`ended with status ${status}`);
    this.status = status;
  }
}

export function exitStatusOf(error: unknown): number {
  if (error instanceof Ended) return error.status;
  const ofCaller = [UsageError, DefinitionError, QueryError, InputError];
  if (ofCaller.some((kind) => error instanceof kind) || fileErrorOf(error)?.isInput) return EXIT.usage;
  // A ModelError is a failed check of a model's files.
  if (error instanceof CheckFailed || error instanceof ViewLostError || error instanceof ModelError) return EXIT.no;
  return error instanceof GoneError ? EXIT.gone : EXIT.failed;
}

/** The four parts and the code of a Bifold error from any package. Null for any other error. */
export function partsOf(error: unknown): (Explanation & { readonly code: string }) | null {
  if (error instanceof BifoldError) return { ...error.explanation, code: error.code };
  const { parts, code } = (error ?? {}) as { parts?: Explanation; code?: unknown };
  return parts !== undefined && typeof code === 'string' ? { ...parts, code } : null;
}

/** The text of an error, with its stack if `withStack` or BIFOLD_DEBUG is set. */
export function explainError(error: unknown, { withStack = false }: { readonly withStack?: boolean } = {}): string {
  const showsStack = withStack || process.env.BIFOLD_DEBUG === '1';
  const parts = partsOf(error) ??
    fileErrorOf(error) ?? {
      failed: 'the command failed',
      received: error instanceof Error ? messageOf(error) : String(error),
      allowed: 'a command that ends well',
      remedy: showsStack
        ? 'the stack below shows where it failed'
        : 'run `npx bifold doctor`; BIFOLD_DEBUG=1 shows where it failed',
      code: 'BIFOLD_UNEXPECTED',
    };
  const lines = [
    `✖ ${parts.failed}`,
    `  got       ${indented(parts.received)}`,
    `  expected  ${indented(parts.allowed)}`,
    `  fix       ${indented(parts.remedy)}`,
    `  [${parts.code}]`,
  ];
  if (showsStack && error instanceof Error) {
    for (let at: unknown = error; at instanceof Error; at = at.cause) lines.push('', at.stack ?? at.message);
  }
  return lines.join('\n');
}

/**
 * The message of any error. Errors of the network layer have an empty message; their causes have
 * the text.
 */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}

function indented(text: string): string {
  return text.trim().split('\n').join('\n            ');
}
