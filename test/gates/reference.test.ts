import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiName, readApi } from '../reference/api.ts';
import { brokenExamples } from '../reference/examples.ts';
import { REFERENCE, referencePages } from '../reference/page.ts';
import { root } from './run.ts';

let names: readonly ApiName[];
beforeAll(() => {
  names = readApi();
});

const place = ({ file, line, name }: ApiName) => `${file}:${line}: ${name}`;

/** Names without an example, with an undocumented parameter, option or member. */
function undocumented(all: readonly ApiName[]): readonly string[] {
  return all.flatMap((each) => [
    ...(each.text === '' ? [`${place(each)} has no doc comment`] : []),
    ...(each.examples.length === 0 ? [`${place(each)} has no @example`] : []),
    ...[...each.parameters, ...each.members]
      .filter(({ text }) => text === '')
      .map((part) => `${place(each)} does not describe ${part.name}`),
  ]);
}

describe('the definition API', () => {
  it('documents every name with a sentence, its parameters and an example', () => {
    expect(names.length).toBeGreaterThan(50);
    expect(undocumented(names)).toEqual([]);
  });

  it('has examples that compile and load', async () => {
    expect(await brokenExamples(names)).toEqual([]);
  });

  it('names only error codes that its packages refuse with', () => {
    const sources = ['core', 'models', 'streams']
      .map((layer) => sourceOf(join(root, 'layers', layer, 'src')))
      .join('\n');
    const unknown = names.flatMap((each) =>
      each.refusals.filter(({ code }) => !sources.includes(`'${code}'`)).map(({ code }) => `${place(each)}: ${code}`),
    );
    expect(unknown).toEqual([]);
  });

  it('is described by pages that `npm run reference` wrote', () => {
    const committed = readdirSync(join(root, REFERENCE)).map((file) => [
      file,
      readFileSync(join(root, REFERENCE, file), 'utf8'),
    ]);
    const stale = 'docs/reference is stale: run `npm run reference` and commit the pages';
    expect({ stale, pages: Object.fromEntries(committed) }).toEqual({
      stale,
      pages: Object.fromEntries(referencePages(names)),
    });
  });
});

describe('a fault in a doc comment fails with its file and line', () => {
  const planted = (code: string): ApiName => ({
    ...(names.find(({ name }) => name === 'sum') as ApiName),
    examples: [{ file: 'planted.ts', line: 7, code }],
  });

  const withoutExamples = () => names.filter(({ name }) => name !== 'sum').map((each) => ({ ...each, examples: [] }));

  it('if an example does not compile', async () => {
    const broken = await brokenExamples([...withoutExamples(), planted("const one = 1;\nsum('fare') + one;")]);
    expect(broken).toEqual([expect.stringMatching(/^planted\.ts:8: error TS2365: /)]);
  });

  it('if an example is refused when it loads', async () => {
    const broken = await brokenExamples([...withoutExamples(), planted("tumbling('0h');")]);
    expect(broken).toEqual([expect.stringMatching(/^planted\.ts:7: .*BIFOLD_BAD_DURATION/)]);
  });

  it('if a name lacks its example', () => {
    const bare = { ...planted(''), examples: [] };
    expect(undocumented([bare])).toEqual([`${place(bare)} has no @example`]);
  });
});

function sourceOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}
