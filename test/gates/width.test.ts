import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { root } from './run.ts';

/** Comments and pages end at 100 columns: the linter's limit of 120 binds code alone. */
const COLUMNS = 100;
const CODE = ['cdk', 'examples', 'functions', 'infra', 'layers', 'test'];
const LEFT_OUT = /node_modules|cdk\.out|test\/planted|bench\/results/;
/** A line that holds nothing but a comment. */
const COMMENT = /^\s*(\/\/|\/\*\*|\*)/;
/** A line that cannot be broken: a directive, a link, or one long word. */
const UNBREAKABLE = /@ts-|biome-ignore|https?:\/\/|^\s*\S+\s+\S+$/;

const filesBelow = (folder: string, ending: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !LEFT_OUT.test(file));

/** The lines of a source file whose comment is too wide. */
function wideComments(text: string): readonly string[] {
  return text.split('\n').filter((line) => [...line].length > COLUMNS && COMMENT.test(line) && !UNBREAKABLE.test(line));
}

/** The lines of a page that are too wide. Rows of tables, headings and code are one line each. */
function wideProse(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').split('\n');
  return prose.filter((line) => [...line].length > COLUMNS && !/^\s*(\||#|<)/.test(line) && !UNBREAKABLE.test(line));
}

describe('lines end at 100 columns', () => {
  it('in comments', () => {
    const files = CODE.flatMap((folder) => filesBelow(folder, '.ts'));
    expect(files.length).toBeGreaterThan(500);
    const wide = files.flatMap((file) =>
      wideComments(readFileSync(join(root, file), 'utf8')).map((line) => [file, line]),
    );
    expect(wide).toEqual([]);
  });

  it('in pages', () => {
    const pages = [
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'SECURITY.md',
      ...filesBelow('docs', '.md'),
      ...filesBelow('examples', '.md'),
    ];
    const wide = pages.flatMap((file) => wideProse(readFileSync(join(root, file), 'utf8')).map((line) => [file, line]));
    expect(wide).toEqual([]);
  });

  it('and a wider one is seen', () => {
    const words = 'word '.repeat(25);
    expect(wideComments(`code();\n  // ${words}\n`)).toHaveLength(1);
    expect(wideComments(`const text = '${words}';`)).toEqual([]);
    expect(wideProse(`# ${words}\n\n${words}\n\n| ${words} |\n\n\`\`\`sh\n${words}\n\`\`\`\n`)).toEqual([words]);
  });
});
