import { expect, it } from '@jest/globals';
import type { Context } from 'aws-lambda';
import { observed } from './observed.ts';

const contextWith = (remainingMs: number): Context =>
  ({ functionName: 'tested', getRemainingTimeInMillis: () => remainingMs }) as Context;

it('says that time ran out, before Lambda ends the invocation', async () => {
  const endless = observed<null, void>(() => new Promise(() => undefined));
  await expect(endless(null, contextWith(20))).rejects.toMatchObject({ code: 'BIFOLD_OUT_OF_TIME' });
});

it('gives the result of what ends in time', async () => {
  const quick = observed<number, number>(async (event) => event + 1);
  await expect(quick(1, contextWith(60_000))).resolves.toBe(2);
});
