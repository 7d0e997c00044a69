import {
  type Cursor,
  columnReader,
  type Explanation,
  keyColumnType,
  keyText,
  type Plan,
  QueryError,
  type Value,
  type ViewQuery,
} from '@bifold/core/engine';
import { NESTING_MAX, parseShallowJson } from './bounded-json.ts';

const PAGE_ROWS_DEFAULT = 1_000;
const PAGE_ROWS_MAX = 10_000;
const KEYS_MAX = 1_000;
const CURSOR_SEGMENTS_MAX = 20_000;

type Parameters = Readonly<Record<string, unknown>>;
const KNOWN = ['window', 'key', 'keys', 'from', 'to', 'total', 'snapshot', 'parts', 'limit', 'cursor'];

/**
 * Parses a query from the parameters of a request: texts of a query string, or JSON values of a
 * body.
 *
 * @throws {QueryError}
 */
export function parseQuery(plan: Plan, parameters: Parameters): ViewQuery {
  for (const name of Object.keys(parameters)) {
    if (!KNOWN.includes(name))
      refuse('BIFOLD_UNKNOWN_PARAMETER', {
        failed: 'a query has an unknown parameter',
        received: `"${name.slice(0, 100)}"`,
        allowed: KNOWN.join(', '),
      });
  }
  const window = windowOf(plan, parameters.window);
  for (const name of ['from', 'to']) {
    if (parameters[name] !== undefined && plan.windows.find((each) => each.name === window)?.kind === 'running')
      refuse('BIFOLD_NO_RANGE', {
        failed: `a query has "${name}" for a running total`,
        received: shown(parameters[name]),
        allowed: 'no range: it has one window, without beginning and end',
      });
  }
  return {
    window,
    keys: keysOf(plan, parameters.keys ?? parameters.key),
    fromMs: timeOf('from', parameters.from),
    toMs: timeOf('to', parameters.to),
    total: flagOf('total', parameters.total),
    snapshot: flagOf('snapshot', parameters.snapshot),
    parts: flagOf('parts', parameters.parts),
    limit: limitOf(parameters.limit),
    cursor: parameters.cursor === undefined ? null : cursorOf(parameters.cursor),
  };
}

function refuse(code: string, explanation: Omit<Explanation, 'remedy'>, cause?: unknown): never {
  throw new QueryError(code, { ...explanation, remedy: 'correct the query' }, { cause });
}

/**
 * The part of a value that an error message quotes. Values of a request are shallow, but those of a
 * program may be deep.
 */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  try {
    return (JSON.stringify(value) ?? typeof value).slice(0, 200);
  } catch {
    return `a value that is nested more than ${NESTING_MAX} deep`;
  }
}

function windowOf(plan: Plan, window: unknown): string {
  const names = plan.windows.map(({ name }) => name);
  if (typeof window === 'string' && names.includes(window)) return window;
  if (window === undefined && names.length === 1) return names[0] as string;
  return refuse('BIFOLD_UNKNOWN_WINDOW', {
    failed: `a query names a window that "${plan.name}" does not have`,
    received: window === undefined ? 'no window' : shown(window),
    allowed: names.join(', '),
  });
}

function keysOf(plan: Plan, keys: unknown): readonly string[] | null {
  if (keys === undefined) return null;
  const list = Array.isArray(keys) ? keys : [keys];
  if (list.length === 0 || list.length > KEYS_MAX)
    refuse('BIFOLD_TOO_MANY_KEYS', {
      failed: 'a query has too many keys, or none',
      received: `${list.length} keys`,
      allowed: `1 to ${KEYS_MAX}`,
    });
  return [...new Set(list.map((key) => keyOf(plan, key)))];
}

/** `{"carrier":"UA","origin":"EWR"}`, or `["UA","EWR"]` in the order of groupBy. */
function keyOf(plan: Plan, key: unknown): string {
  const wanted = `{${plan.groupBy.map((name) => `"${name}": ...`).join(', ')}}`;
  let parsed = key;
  if (typeof key === 'string') {
    try {
      parsed = parseShallowJson(key);
    } catch (cause) {
      return refuse(
        'BIFOLD_BAD_KEY',
        { failed: 'a key is not JSON', received: key.slice(0, 200), allowed: wanted },
        cause,
      );
    }
  }
  if (parsed === null || typeof parsed !== 'object')
    return refuse('BIFOLD_BAD_KEY', { failed: 'a key is not an object', received: shown(parsed), allowed: wanted });
  const given = Array.isArray(parsed)
    ? Object.fromEntries(plan.groupBy.map((name, index) => [name, parsed[index]]))
    : (parsed as Record<string, unknown>);
  const count = Array.isArray(parsed) ? parsed.length : Object.keys(given).length;
  const values = plan.groupBy.map((name): Value => {
    const column = plan.columns.find((candidate) => candidate.name === name) ?? {
      name,
      type: keyColumnType(plan, name),
      nullable: true,
    };
    if (!Object.hasOwn(given, name))
      return refuse('BIFOLD_BAD_KEY', { failed: `a key lacks "${name}"`, received: shown(parsed), allowed: wanted });
    const raw = given[name];
    const value =
      column.type === 'timestamp' && typeof raw === 'number' ? raw : columnReader({ ...column, nullable: true })(raw);
    return value === undefined
      ? refuse('BIFOLD_BAD_KEY', {
          failed: `"${name}" of a key is not of type ${column.type}`,
          received: shown(raw),
          allowed: column.type,
        })
      : value;
  });
  if (count !== plan.groupBy.length)
    refuse('BIFOLD_BAD_KEY', {
      failed: 'a key has fields that the view is not grouped by',
      received: shown(parsed),
      allowed: wanted,
    });
  return keyText(values);
}

function timeOf(name: string, time: unknown): number | null {
  if (time === undefined) return null;
  const timeMs = typeof time === 'number' ? time : typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isSafeInteger(timeMs)
    ? timeMs
    : refuse('BIFOLD_BAD_TIME', {
        failed: `"${name}" is not a time`,
        received: shown(time),
        allowed: 'an ISO 8601 time, or epoch milliseconds',
      });
}

function flagOf(name: string, flag: unknown): boolean {
  if (flag === undefined || flag === false || flag === 'false') return false;
  return flag === true || flag === 'true' || flag === ''
    ? true
    : refuse('BIFOLD_BAD_FLAG', {
        failed: `"${name}" is neither true nor false`,
        received: shown(flag),
        allowed: 'true, false',
      });
}

function limitOf(limit: unknown): number {
  if (limit === undefined) return PAGE_ROWS_DEFAULT;
  const rows = typeof limit === 'string' ? Number(limit) : limit;
  return Number.isSafeInteger(rows) && (rows as number) >= 1 && (rows as number) <= PAGE_ROWS_MAX
    ? (rows as number)
    : refuse('BIFOLD_BAD_LIMIT', {
        failed: 'the limit of rows in a page is out of range',
        received: shown(limit),
        allowed: `1 to ${PAGE_ROWS_MAX}`,
      });
}

function isVersions(value: unknown): boolean {
  const isTexts = (each: unknown) => Array.isArray(each) && each.every((version) => typeof version === 'string');
  return typeof value === 'object' && value !== null && Object.values(value).every(isTexts);
}

export function cursorOf(text: unknown): Cursor {
  const bad = (cause?: unknown): never =>
    refuse(
      'BIFOLD_BAD_CURSOR',
      {
        failed: 'a cursor cannot be read',
        received: shown(text).slice(0, 40),
        allowed: 'the cursor of the page before, unchanged',
      },
      cause,
    );
  if (typeof text !== 'string') return bad();
  let cursor: Cursor;
  try {
    cursor = parseShallowJson(Buffer.from(text, 'base64url').toString('utf8')) as Cursor;
  } catch (cause) {
    return bad(cause);
  }
  const { version, topicId, query, generation, run, segments, quarantined, models, bucket, after } = cursor ?? {};
  const whole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const valid =
    typeof version === 'string' &&
    typeof topicId === 'string' &&
    typeof query === 'string' &&
    whole(generation) &&
    (run === null || typeof run === 'string') &&
    Array.isArray(segments) &&
    segments.length <= CURSOR_SEGMENTS_MAX &&
    segments.every((segment) => Array.isArray(segment) && segment.length === 3 && segment.every(whole)) &&
    Object.values(quarantined?.reasons ?? { missing: null }).every(whole) &&
    Array.isArray(quarantined.behind) &&
    quarantined.behind.every(
      (part) => whole(part?.partition) && Array.isArray(part.range) && part.range.every(whole),
    ) &&
    (models === undefined || isVersions(models)) &&
    whole(bucket) &&
    (after === null ||
      (typeof after === 'object' &&
        typeof after.key === 'string' &&
        typeof after.window === 'string' &&
        Number.isSafeInteger(after.startMs)));
  return valid ? cursor : bad();
}
