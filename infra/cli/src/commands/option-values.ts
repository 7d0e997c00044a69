import { InvalidArgumentError } from 'commander';

/** What the values of options must be. */

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

export function wholeNumberOrZero(text: string): number {
  return text === '0' ? 0 : wholeNumber(text);
}

/** Of an option that may be repeated, all that was given. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
