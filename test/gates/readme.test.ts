import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { withCompiled } from './compile.ts';
import { root } from './run.ts';

/** The function that the first code block of each page calls. */
const PAGES: readonly (readonly [page: string, defines: string])[] = [
  ['README.md', 'definePipeline'],
  ['docs/your-own-pipeline.md', 'definePipeline'],
  ['docs/streams.md', 'defineStream'],
  ['docs/coming-from-spark.md', 'defineStream'],
  ['docs/models.md', 'defineModel'],
  ['docs/constructs.md', 'BifoldPipeline'],
];

const firstCode = (page: string): string =>
  /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, page), 'utf8'))?.[1] ?? '';
const fileOf = (page: string): string => `${page.replaceAll(/[^\w]/g, '-')}.ts`;

/** The compiler's output for all of them. It starts once: six starts took six times as long. */
let said: string;

beforeAll(async () => {
  const files = new Map(PAGES.map(([page]) => [fileOf(page), firstCode(page)]));
  said = await withCompiled(files, ({ output }) => output);
});

/** Code that a reader may copy must compile, with the project's own options. */
it.each(PAGES)('the first definition of %s compiles', (page, defines) => {
  expect(firstCode(page)).toContain(defines);
  expect(said.split('\n').filter((line) => line.includes(fileOf(page)))).toEqual([]);
});

it('the compiler finds nothing else to refuse in them', () => {
  expect(said).toBe('');
});
