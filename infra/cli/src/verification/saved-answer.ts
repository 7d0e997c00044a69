import { readFileSync } from 'node:fs';
import type { AnswerRow, Receipt } from '@bifold/core/engine';
import { messageOf, UsageError } from '../errors.ts';

/** The parts of a saved answer. */
export interface SavedAnswer {
  readonly receipt: Receipt;
  /** Empty if only the receipt was saved. */
  readonly rows: readonly AnswerRow[];
}

/**
 * Reads a saved answer or receipt from a file, from standard input (`-`), or from JSON.
 *
 * @throws {UsageError} when it is neither
 */
export function readSavedAnswer(source: string): SavedAnswer {
  const text = source.trimStart().startsWith('{') ? source : textOf(source);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unreadable(source, `text that is not JSON (${messageOf(cause)})`, cause);
  }
  const { receipt = parsed, rows = [] } = (parsed ?? {}) as { receipt?: unknown; rows?: unknown };
  if (!isReceipt(receipt)) throw unreadable(source, 'JSON without a receipt, or with a part of one');
  if (!Array.isArray(rows) || !rows.every(isRow)) throw unreadable(source, 'rows that are none of an answer');
  const deviating = rows.filter((row: AnswerRow) => row.ahead !== undefined || row.behind !== undefined).length;
  if (deviating !== receipt.page.deviating) {
    throw new UsageError('BIFOLD_RECEIPT_WITHOUT_ROWS', {
      failed: 'an old answer cannot be given again from its receipt alone: rows of it covered other offsets',
      received: `${deviating} of the ${receipt.page.deviating} rows that say which`,
      allowed: 'the whole answer, as `bifold query --json` printed it',
      remedy:
        'give the file with the rows; answers at rest, and those asked for with --snapshot, need their receipt only',
    });
  }
  return { receipt, rows };
}

function textOf(source: string): string {
  try {
    return readFileSync(source === '-' ? 0 : source, 'utf8');
  } catch (cause) {
    throw unreadable(source, messageOf(cause), cause);
  }
}

function unreadable(source: string, received: string, cause?: unknown): UsageError {
  return new UsageError(
    'BIFOLD_BAD_RECEIPT',
    {
      failed: `${source.startsWith('{') ? 'the receipt' : source} cannot be read`,
      received,
      allowed: 'an answer, or its receipt, as `bifold query --json` printed it',
      remedy: 'keep answers like this: npx bifold query delays --window daily --json > answer.json',
    },
    { cause },
  );
}

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isRange = (range: unknown): boolean => Array.isArray(range) && range.length === 2 && range.every(isWhole);
const isObject = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object';
const isOffsets = (value: unknown): boolean =>
  isObject(value) &&
  Object.entries(value).every(
    ([partition, ranges]) => /^\d+$/.test(partition) && Array.isArray(ranges) && ranges.every(isRange),
  );
const isCoverageDeltas = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => isObject(entry) && isWhole(entry.partition) && isRange(entry.range));

const isVersions = (value: unknown): boolean =>
  isObject(value) &&
  Object.values(value).every((each) => Array.isArray(each) && each.every((version) => typeof version === 'string'));

function isReceipt(value: unknown): value is Receipt {
  if (!isObject(value)) return false;
  const { quarantined, page, batchBelow } = value;
  const texts = [value.pipeline, value.version, value.topicId, value.digest];
  return (
    texts.every((text) => typeof text === 'string') &&
    isWhole(value.generation) &&
    (value.run === null || typeof value.run === 'string') &&
    (value.models === null || isVersions(value.models)) &&
    (value.finalBefore === undefined || value.finalBefore === null || typeof value.finalBefore === 'string') &&
    isObject(value.question) &&
    isOffsets(value.coverage) &&
    isObject(batchBelow) &&
    Object.values(batchBelow).every(isWhole) &&
    isObject(quarantined) &&
    isCoverageDeltas(quarantined.behind) &&
    isObject(page) &&
    [page.rows, page.deviating].every(isWhole) &&
    typeof page.last === 'boolean' &&
    (page.start === null || isStart(page.start))
  );
}

function isStart(value: unknown): boolean {
  if (!isObject(value) || !isWhole(value.bucket)) return false;
  const { after } = value;
  return (
    after === null ||
    (isObject(after) &&
      typeof after.key === 'string' &&
      typeof after.window === 'string' &&
      Number.isSafeInteger(after.startMs))
  );
}

function isRow(value: unknown): value is AnswerRow {
  if (!isObject(value) || !isObject(value.key) || !isObject(value.window)) return false;
  const { start, name } = value.window;
  return (
    typeof name === 'string' &&
    (start === null || typeof start === 'string') &&
    (value.final === undefined || typeof value.final === 'boolean') &&
    [value.ahead, value.behind].every(
      (coverageDeltas) => coverageDeltas === undefined || isCoverageDeltas(coverageDeltas),
    )
  );
}
