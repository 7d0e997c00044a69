import { expect } from 'expect';
import { bind } from 'jest-each';

/** What the tests import from '@jest/globals', in a process where Mocha runs them: Jest's own `expect` and `each`, Mocha's blocks. */
type Block = (title: string, body: () => unknown) => void;

const { describe: block, it: test } = globalThis as unknown as { readonly describe: Block; readonly it: Block };
const describe = Object.assign(block.bind(null), { each: bind(block, false) });
const it = Object.assign(test.bind(null), { each: bind(test, false) });

export { describe, expect, it };
