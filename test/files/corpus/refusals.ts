import { expect } from '@jest/globals';
import type { Refusal } from './case.ts';

/** Texts of the libraries below, which no message may consist of. */
const ENGINES =
  /duckdb|csv[-_]parse|Unexpected token|Invalid Error|IO Error|Binder Error|Parser Error|\bat .*\.[jt]s:/i;

/** A refusal has four parts and a code, and means that the input is wrong. */
export function expectRefusal(
  { status, stderr }: { readonly status: number; readonly stderr: string },
  { refused, says }: Refusal,
): void {
  expect(stderr).toContain(`[${refused}]`);
  for (const part of ['✖ ', '  got       ', '  expected  ', '  fix       ', says]) expect(stderr).toContain(part);
  expect(stderr).not.toMatch(ENGINES);
  expect(status).toBe(2);
}
