import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { violationOf } from '../fuzz/readers/attempt.ts';
import { fuzzReaders } from '../fuzz/readers/fuzz-readers.ts';

/** The planted reader answers at once, or never. */
const HANG_MS = 5_000;

const numbers = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);

it('mutated files are read without a crash, a hang or the text of an engine', async () => {
  const { attempts, found } = await fuzzReaders({ seed: 17, indexes: numbers(60) });
  expect({ attempts, found }).toEqual({ attempts: 60, found: [] });
});

it('a reader that crashes, hangs, fills the memory or breaks a rule is found', async () => {
  const child = fileURLToPath(new URL('./planted-child.ts', import.meta.url));
  const { attempts, statuses, found } = await fuzzReaders({
    seed: 1,
    indexes: numbers(6),
    child,
    patienceMs: HANG_MS,
  });
  expect({ attempts, statuses }).toEqual({ attempts: 6, statuses: { '.csv': { 0: 4 } } });
  expect(found).toEqual([
    { index: 1, violation: 'the process ended with 7' },
    { index: 2, violation: expect.stringContaining('no end within') },
    { index: 3, violation: expect.stringContaining('the process holds 4294967296 bytes') },
    { index: 4, violation: 'a refusal has no code' },
  ]);
});

describe('a conversion breaks a rule', () => {
  const done = { isWritten: true, reasons: '' };
  const none = { isWritten: false, reasons: '' };
  const refusal = '✖ a.csv has no header\n  [BIFOLD_CSV_UNREADABLE]';
  it.each([
    ['if it says that a service is away', { status: 3, stderr: '' }, none, 'it ended with 3'],
    ['if its message is that of an engine', { status: 2, stderr: 'Binder Error: x' }, none, 'an engine speaks'],
    [
      'if a reason is that of an engine',
      { status: 1, stderr: '' },
      { ...done, reasons: 'Unexpected token' },
      'an engine',
    ],
    ['if it refuses without a code', { status: 2, stderr: 'no' }, none, 'a refusal has no code'],
    ['if it refuses and leaves a file', { status: 2, stderr: refusal }, done, 'left an output'],
    ['if it succeeds without a file', { status: 0, stderr: '' }, none, 'left no output'],
  ])('%s', (_, ran, files, violation) => {
    expect(violationOf(ran, files)).toContain(violation);
  });

  it('if none of these happens, it breaks none', () => {
    expect(violationOf({ status: 2, stderr: refusal }, none)).toBeNull();
    expect(violationOf({ status: 1, stderr: '' }, done)).toBeNull();
  });
});
