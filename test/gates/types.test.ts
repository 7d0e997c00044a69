import { beforeAll, describe, expect, it } from '@jest/globals';
import { root, run } from './run.ts';

/** The compiler, with the project's own options, over `test/planted/types`. */
let output: string;
let status: number;
beforeAll(async () => {
  ({ output, status } = await run(
    'typescript/bin/tsc',
    ['--project', 'test/planted/types', '--pretty', 'false'],
    root,
  ));
});

describe('a type error is refused', () => {
  it.each([
    { file: 'sum-over-text.ts', says: "Types of property 'city' are incompatible" },
    { file: 'unused-expectation.ts', says: "TS2578: Unused '@ts-expect-error' directive" },
    { file: 'unchecked-index.ts', says: "Type 'number | undefined' is not assignable to type 'number'" },
  ])('$file: $says', ({ file, says }) => {
    expect(status).not.toBe(0);
    const [, about = ''] = output.split(`test/planted/types/${file}`);
    expect(about.split('test/planted/')[0]).toContain(says);
  });
});
