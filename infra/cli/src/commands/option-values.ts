import { InvalidArgumentError } from 'commander';
import * as values from '../command-line/values.ts';

/** The values that the options of many commands take. */
export const wholeNumber = values.wholeNumber({ from: 1 });
export const wholeNumberOrZero = values.wholeNumber();

/** All values of an option that may be repeated. */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** Values by name, of an option that takes `name=value` and may be repeated. */
export type Settings = Readonly<Record<string, string>>;

export function settingOf(text: string, before: Settings): Settings {
  const [name, value] = nameAndValue(text);
  return { ...before, [name]: value };
}

/** @throws {InvalidArgumentError} for a text that is not `name=value` */
export function nameAndValue(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be name=value.');
  return [name, value];
}
