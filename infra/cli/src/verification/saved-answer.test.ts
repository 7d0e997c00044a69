import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Receipt } from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { UsageError } from '../errors.ts';
import { readSavedAnswer } from './saved-answer.ts';

const receipt: Receipt = {
  pipeline: 'delays',
  version: 'delays-1',
  topicId: 'i',
  generation: 2,
  run: null,
  models: null,
  question: { window: 'daily' },
  coverage: { 0: [[0, 12]] },
  gaps: {},
  batchBelow: { 0: 8 },
  offsets: { batch: 8, speed: 4 },
  quarantined: { reasons: {}, behind: [] },
  page: { start: { bucket: 0, after: null }, rows: 2, deviating: 1, last: true },
  digest: 'sha256:0',
};
const row = { key: { carrier: 'UA' }, window: { name: 'daily', start: null, end: null }, values: { flights: 1 } };
const ahead = { ...row, ahead: [{ partition: 0, range: [12, 14] }] };
const atRest = { ...receipt, page: { ...receipt.page, deviating: 0 } };

const codeOf = (saved: unknown): string => {
  try {
    readSavedAnswer(typeof saved === 'string' ? saved : JSON.stringify(saved));
  } catch (error) {
    if (error instanceof UsageError) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('a saved answer', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bifold-saved-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is read from a file, or from the text itself', () => {
    const answer = { rows: [row, ahead], receipt, cursor: null };
    const file = join(folder, 'answer.json');
    writeFileSync(file, JSON.stringify(answer, null, 2));
    const { cursor: _, ...kept } = answer;
    expect(readSavedAnswer(file)).toEqual(kept);
    expect(readSavedAnswer(` ${JSON.stringify(answer)}`)).toEqual(kept);
  });

  it('may be its receipt alone, unless rows of it covered other offsets', () => {
    expect(readSavedAnswer(JSON.stringify(atRest))).toEqual({ receipt: atRest, rows: [] });
    expect(readSavedAnswer(JSON.stringify({ receipt: atRest }))).toEqual({ receipt: atRest, rows: [] });
    expect(codeOf(receipt)).toBe('BIFOLD_RECEIPT_WITHOUT_ROWS');
    expect(codeOf({ receipt, rows: [row] })).toBe('BIFOLD_RECEIPT_WITHOUT_ROWS');
  });

  it.each([
    ['no file', '/nowhere/answer.json'],
    ['no JSON', '{"rows":'],
    ['no receipt', {}],
    ['an answer without one', { rows: [row] }],
    ['rows that are none', { receipt: atRest, rows: [5] }],
    ['a coverage delta that names no offsets', { receipt, rows: [{ ...row, ahead: [{ partition: 0 }] }] }],
    ['offsets below zero', { ...atRest, coverage: { 0: [[-1, 5]] } }],
    ['a partition that is no number', { ...atRest, coverage: { a: [[0, 5]] } }],
    ['a range of three', { ...atRest, coverage: { 0: [[0, 5, 6]] } }],
    ['a cut that is a text', { ...atRest, batchBelow: { 0: '8' } }],
    ['no page', { ...atRest, page: undefined }],
    ['a page that starts nowhere', { ...atRest, page: { ...atRest.page, start: {} } }],
    ['no question', { ...atRest, question: undefined }],
    ['no digest', { ...atRest, digest: undefined }],
  ])('is refused: %s', (_, saved) => {
    expect(codeOf(saved)).toBe('BIFOLD_BAD_RECEIPT');
  });
});
