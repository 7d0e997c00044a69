import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pages, sources } from '../prose/files.ts';
import { commentsOf, opensWithRelative, sentencesOf, wordsIn } from '../prose/sentences.ts';
import { root } from './run.ts';

describe('the prose of the project', () => {
  it('has no comment that opens with a bare relative', () => {
    const files = sources();
    expect(files.length).toBeGreaterThan(500);
    const bare = files.flatMap((file) =>
      commentsOf(readFileSync(join(root, file), 'utf8'))
        .filter(({ text }) => opensWithRelative(text))
        .map(({ line, text }) => `${file}:${line}: ${text}`),
    );
    expect(bare).toEqual([]);
  });

  it('has a link to every page of docs from the index of docs', () => {
    const reachable = new Set<string>();
    const follow = (page: string): void => {
      if (reachable.has(page)) return;
      reachable.add(page);
      for (const linked of linksOf(page)) if (linked.startsWith('docs/') && linked.endsWith('.md')) follow(linked);
    };
    follow('docs/README.md');
    expect(pages().filter((page) => page.startsWith('docs/') && !reachable.has(page))).toEqual([]);
  });
});

describe('the checks of prose', () => {
  it('find a comment that opens with a bare relative', () => {
    const [what, whether, query] = commentsOf(
      '/** What a run covers. */\nlet a;\n/**\n * Whether it\n * ran.\n */\nlet b;\n// What now?\n',
    );
    expect(what).toEqual({ line: 1, text: 'What a run covers.' });
    expect(whether).toEqual({ line: 3, text: 'Whether it ran.' });
    expect([what, whether, query].map((comment) => opensWithRelative(comment?.text ?? ''))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('count the words of each sentence outside of code and tables', () => {
    const page =
      '# Title\n\nOne two `three four`\nfive. Six [seven eight](x.md).\n\n```sh\nnot prose\n```\n\n- an item\n';
    expect(sentencesOf(page).map(({ line, text }) => [line, wordsIn(text)])).toEqual([
      [3, 4],
      [4, 2],
      [10, 2],
    ]);
  });
});

/** The files that a page links to, from the root of the repository. */
function linksOf(page: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => normalize(join(dirname(page), target)));
}
