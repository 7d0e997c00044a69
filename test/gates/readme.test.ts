import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { root, run } from './run.ts';

/** Code that a reader may copy must compile, with the project's own options. */
it.each([
  ['README.md', 'definePipeline'],
  ['docs/your-own-pipeline.md', 'definePipeline'],
  ['docs/streams.md', 'defineStream'],
  ['docs/coming-from-spark.md', 'defineStream'],
  ['docs/models.md', 'defineModel'],
  ['docs/constructs.md', 'BifoldPipeline'],
])(
  'what %s defines compiles',
  async (file, defines) => {
    const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, file), 'utf8')) ?? [];
    expect(code).toContain(defines);
    const folder = mkdtempSync(join(root, 'test', 'planted', 'readme-'));
    try {
      writeFileSync(join(folder, 'definition.ts'), code);
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: '../../../tsconfig.json', include: ['.'], exclude: [] }),
      );
      const { status, output } = await run('typescript/bin/tsc', ['--project', folder, '--pretty', 'false'], root);
      expect({ status, output }).toEqual({ status: 0, output: '' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
