import type { Explanation } from '@bifold/core/engine';
import { AdapterError, InputError } from '../errors.ts';

type Advice = Pick<Explanation, 'allowed' | 'remedy'>;

/** Errors of the statement itself, by the kind with which DuckDB's messages begin. */
const STATEMENT_KINDS: ReadonlySet<string> = new Set([
  'Parser',
  'Syntax',
  'Catalog',
  'Binder',
  'Dependency',
  'Permission',
  'Not implemented',
  'Parameter Not Resolved',
  'Parameter Not Allowed',
  'Missing Extension',
]);

/** Errors of the values that a statement meets, and of files whose content is damaged. */
const VALUE_KINDS: ReadonlySet<string> = new Set([
  'Conversion',
  'Constraint',
  'Decimal',
  'Divide by Zero',
  'Invalid',
  'Invalid Input',
  'Invalid type',
  'Mismatch Type',
  'Out of Range',
  'Serialization',
]);

const FILE_DAMAGED =
  /magic bytes|too small to be a Parquet|not a Parquet|thrift|TProtocol|Malformed JSON|corrupt|Invalid (string|page|row group)|Error when sniffing|CSV Error|ZSTD|Snappy|footer|decompress/i;
const FILE_MISSING = /No files found that match|No such file|does not exist|Cannot open file/i;
const FILE_FORBIDDEN = /Permission denied/i;
const DISK_FULL = /No space left|max_temp_directory_size|failed to offload data block/i;

const STATEMENT: Advice = {
  allowed: 'one query in the dialect of DuckDB, over tables, columns and files that exist',
  remedy: 'correct the statement',
};
const VALUES: Advice = {
  allowed: 'values that the statement can compute with',
  remedy: 'correct the statement, or leave those rows out; try_cast(value AS type) gives NULL instead of an error',
};
const TABLE: Advice = {
  allowed: 'a table that exists, or a file in quotes whose name ends with .csv, .json or .parquet',
  remedy: 'correct the name (npx bifold sql lists the tables); read_csv(...) and read_parquet(...) read other names',
};
const EXTENSION: Advice = {
  allowed: 'what DuckDB reads without an extension: Parquet, CSV and JSON',
  remedy: 'copy the file to this machine, or convert it to one of these formats',
};
const MEMORY: Advice = {
  allowed: 'a statement whose intermediate results fit',
  remedy: 'read fewer columns, filter or aggregate earlier, or split the statement; give a function more memory',
};
const DISK: Advice = {
  allowed: 'free space for intermediate results and files',
  remedy: 'free space, or let TMPDIR name a disk that has some; give a function more ephemeral storage',
};
const DAMAGED: Advice = {
  allowed: 'whole files of the format that their name or the statement says',
  remedy: 'write the file again, or read it as the format that it has, such as read_csv(...)',
};
const MISSING: Advice = {
  allowed: 'files that exist, or a pattern that matches some',
  remedy: 'correct the path; a relative one starts at the current folder',
};
const FORBIDDEN: Advice = { allowed: 'files and folders that this user may use', remedy: 'grant the right' };

/** The error of a statement, in the four parts. InputError if every repetition would fail. */
export function duckDbError(sql: string, cause: unknown, linesBefore = 0): AdapterError {
  const message = ownLines(messageOf(cause), linesBefore);
  const [, kind = ''] = /^([A-Za-z][\w ]*?) Error: /.exec(message) ?? [];
  const failed = failedText(sql);
  const parts = (advice: Advice, received = leading(message)) => ({ failed, received, ...advice });
  if (kind === 'Out of Memory' && !DISK_FULL.test(message))
    return new AdapterError('BIFOLD_OUT_OF_MEMORY', parts(MEMORY, withoutHints(message)), { cause });
  if (DISK_FULL.test(message))
    return new AdapterError('BIFOLD_DISK_FULL', parts(DISK, withoutHints(message)), { cause });
  if (FILE_FORBIDDEN.test(message)) return new InputError('BIFOLD_FILE_FORBIDDEN', parts(FORBIDDEN), { cause });
  if (kind === 'IO' && FILE_MISSING.test(message)) return new InputError('BIFOLD_NO_FILES', parts(MISSING), { cause });
  if (kind !== 'Conversion' && !STATEMENT_KINDS.has(kind) && FILE_DAMAGED.test(message))
    return new InputError('BIFOLD_FILE_DAMAGED', parts(DAMAGED), { cause });
  if (kind === 'Parser' && NO_QUERY.test(sql))
    return new InputError('BIFOLD_SQL_INVALID', parts(queryAdvice(sql)), { cause });
  if (kind === 'Missing Extension' || /but it exists in the \w+ extension/.test(message))
    return new InputError('BIFOLD_SQL_INVALID', parts(EXTENSION), { cause });
  if (kind === 'Catalog' && /^Catalog Error: Table with name/.test(message))
    return new InputError('BIFOLD_SQL_INVALID', parts(TABLE), { cause });
  if (STATEMENT_KINDS.has(kind)) return new InputError('BIFOLD_SQL_INVALID', parts(STATEMENT), { cause });
  if (VALUE_KINDS.has(kind)) return new InputError('BIFOLD_SQL_VALUE', parts(VALUES), { cause });
  return duckDbFailure(sql, message, cause);
}

/** An error that is no fault of the statement or its files. */
export function duckDbFailure(sql: string, received: string, cause?: unknown): AdapterError {
  return new AdapterError(
    'BIFOLD_DUCKDB_FAILED',
    {
      failed: failedText(sql),
      received,
      allowed: 'a statement that ends',
      remedy: 'read the cause; try again, and if it stays, simplify the statement',
    },
    { cause },
  );
}

/** The refusal of a text that is no statement, or more than one. */
export function severalStatements(sql: string, count: number): InputError {
  return new InputError('BIFOLD_SQL_INVALID', {
    failed: failedText(sql),
    received: count === 0 ? 'no statement' : `${count} statements`,
    allowed: 'one query',
    remedy: count === 0 ? 'write a query, such as SELECT 1' : 'run them one after another, or join them with WITH',
  });
}

const NO_QUERY =
  /^\s*(DESCRIBE|SHOW|SUMMARIZE|EXPLAIN|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|COPY|ATTACH|INSTALL|LOAD|SET|PRAGMA|CALL)\b/i;

function queryAdvice(sql: string): Advice {
  const isDescription = /^\s*(DESCRIBE|SHOW|SUMMARIZE)\b/i.test(sql);
  return {
    allowed: 'a query: SELECT, FROM, WITH or VALUES',
    remedy: isDescription ? `write it as a table: FROM (${sql.trim()})` : 'write a query; nothing is changed here',
  };
}

function failedText(sql: string): string {
  return `DuckDB could not run ${sql.length > 200 ? `${sql.slice(0, 200)}...` : sql}`;
}

/** Errors of the native library may belong to another realm, where `instanceof Error` fails. */
function messageOf(cause: unknown): string {
  const { message } = (cause ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(cause);
}

/** The message, whose line numbers count from the statement. */
function ownLines(message: string, linesBefore: number): string {
  const found = message.replace(/^Failed to extract statements: /, '');
  return found.replace(/^LINE (\d+): /gm, (_, line) => `LINE ${Number(line) - linesBefore}: `);
}

const LINES_SHOWN = 8;

/**
 * The first lines, and the place in the statement. A list of every candidate function would hide
 * them.
 */
function leading(message: string): string {
  const lines = withoutHints(message).split('\n');
  const place = lines.findIndex((line) => /^LINE \d+: /.test(line));
  const head = place === -1 ? lines : lines.slice(0, place);
  const shown = head.length > LINES_SHOWN ? [...head.slice(0, LINES_SHOWN), '...'] : head;
  return [...shown, ...(place === -1 ? [] : lines.slice(place))].filter((line) => line.trim() !== '').join('\n');
}

/** Drops advice on settings, extensions and DuckDB's own tables: a statement cannot use it here. */
function withoutHints(message: string): string {
  const own = message.replace(/\nDid you mean "[^"]*(pg|sqlite|duckdb)_[^"]*"\?/, '');
  return own.replace(/\n+(Possible solutions:|Please try installing|Use "SET |Alternatively, consider)[\s\S]*$/, '');
}
