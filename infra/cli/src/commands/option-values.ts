import * as values from '../command-line/values.ts';

/** The values that the options of many commands take. */
export const wholeNumber = values.wholeNumber({ from: 1 });
export const wholeNumberOrZero = values.wholeNumber();

/** All values of an option that may be repeated. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
