import { expect } from '@jest/globals';
import type { Refusal } from './case.ts';
import { ENGINE_TEXT } from './engines.ts';

/** A refusal has four parts and a code, and means that the input is wrong. */
export function expectRefusal(
  { status, stderr }: { readonly status: number; readonly stderr: string },
  { refused, says }: Refusal,
): void {
  expect(stderr).toContain(`[${refused}]`);
  for (const part of ['✖ ', '  got       ', '  expected  ', '  fix       ', says]) expect(stderr).toContain(part);
  expect(stderr).not.toMatch(ENGINE_TEXT);
  expect(status).toBe(2);
}
