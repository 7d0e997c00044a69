import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { withCompiled } from './compile.ts';
import { root } from './run.ts';

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
    await withCompiled(new Map([['definition.ts', code]]), ({ status, output }) =>
      expect({ status, output }).toEqual({ status: 0, output: '' }),
    );
  },
  60_000,
);
