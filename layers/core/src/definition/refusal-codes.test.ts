import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const SOURCES = join(import.meta.dirname, '..');
/** Files outside this folder that refuse parts of a definition. */
const OTHERS = ['aggregates/kinds/custom.ts', 'expression/type.ts', 'windows/zone-clock.ts'];
const OTHER_TESTS = ['expression/type.test.ts'];

const textOf = (file: string): string => readFileSync(join(SOURCES, file), 'utf8');
const inDefinition = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `definition/${file}`);
const isTest = (file: string): boolean => file.endsWith('.test.ts');
const codesOf = (files: readonly string[], pattern: RegExp): readonly string[] =>
  files.flatMap((file) => textOf(file).match(pattern) ?? []);

const tested = codesOf([...inDefinition.filter(isTest), ...OTHER_TESTS], /(?<=code: ')BIFOLD_[A-Z_]+/g);

describe('the refusals of a definition', () => {
  it('are tested in more than two hundred ways', () => {
    expect(tested.length).toBeGreaterThan(200);
  });

  it('have a test for every code that the definition can give', () => {
    const codes = codesOf([...inDefinition.filter((file) => !isTest(file)), ...OTHERS], /BIFOLD_[A-Z_]+/g);
    expect([...new Set(tested)].sort()).toEqual([...new Set(codes)].sort());
  });
});
