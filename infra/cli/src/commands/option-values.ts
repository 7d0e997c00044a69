import { InvalidArgumentError } from 'commander';

/** Parsers of option values. */

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

export function wholeNumberOrZero(text: string): number {
  return text === '0' ? 0 : wholeNumber(text);
}

/** All values of an option that may be repeated. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
