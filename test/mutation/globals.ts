import { expect } from 'expect';
import { bind } from 'jest-each';

/** What the tests import from '@jest/globals', in a process where Mocha runs them: Jest's own `expect` and `each`, Mocha's blocks. */
type Block = (title: string, body: () => unknown) => void;

// Mocha has blocks of their own for each file: that is how it knows whose tests they are.
const block =
  (kind: 'describe' | 'it'): Block =>
  (title, body) =>
    (globalThis as unknown as Record<typeof kind, Block>)[kind](title, body);
const describe = Object.assign(block('describe'), { each: bind(block('describe'), false) });
const it = Object.assign(block('it'), { each: bind(block('it'), false) });

export { describe, expect, it };
