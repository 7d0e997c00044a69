import { expect } from 'expect';
import { bind } from 'jest-each';

/**
 * The tests import this as '@jest/globals' in a process where Mocha runs them: Jest's own `expect`
 * and `each`, Mocha's blocks.
 */
type Block = (title: string, body: () => unknown) => void;

/** The blocks that the current file opens for its tests. */
let openers: Open[] = [];
type Open = () => unknown;

export function startFile(): void {
  openers = [];
}

const beforeAll = (open: Open): void => void openers.push(open);
/** Thousands of mutants share what is opened: it is closed with the process. */
const afterAll = (): void => {};

/** Opened by the first of a file's tests, not for tests of other files. */
function opening(own: Open[], body: () => unknown): () => unknown {
  return async () => {
    for (; own[0] !== undefined; own.shift()) await own[0]();
    return body();
  };
}

// Mocha has separate blocks for each file, to know the file of each test.
const mocha = globalThis as unknown as Record<'describe' | 'it', Block>;
const suite: Block = (title, body) => mocha.describe(title, body);
const test: Block = (title, body) => mocha.it(title, opening(openers, body));
const describe = Object.assign(suite, { each: bind(suite, false) });
const it = Object.assign(test, { each: bind(test, false) });

/** Stryker limits the time of a test. */
const jest = { setTimeout: (): void => {} };

export { afterAll, beforeAll, describe, expect, it, jest };
