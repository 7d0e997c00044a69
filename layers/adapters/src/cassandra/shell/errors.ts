import cassandra from 'cassandra-driver';
import { AdapterError, InputError } from '../../errors.ts';

const { responseErrorCodes: CODES } = cassandra.types;

const STATEMENT_CODES: ReadonlySet<number> = new Set([
  CODES.syntaxError,
  CODES.invalid,
  CODES.configError,
  CODES.alreadyExists,
  CODES.unprepared,
]);
const RIGHTS_CODES: ReadonlySet<number> = new Set([CODES.unauthorized, CODES.badCredentials]);
const OVERDUE_CODES: ReadonlySet<number> = new Set([
  CODES.unavailableException,
  CODES.overloaded,
  CODES.isBootstrapping,
  CODES.writeTimeout,
  CODES.readTimeout,
  CODES.writeFailure,
  CODES.readFailure,
]);

/** Cassandra repeats the statement, with all its lines, before the reason. */
const REPEATED_STATEMENT = /^Failed parsing statement: \[[\s\S]*\] reason: /;

/** The error of a statement, in the four parts. InputError if every repetition would fail. */
export function shellError(failed: string, cause: unknown): AdapterError {
  const decisive = decisiveCause(cause);
  const message = decisive instanceof Error ? decisive.message : String(decisive);
  const [received = ''] = message.replace(REPEATED_STATEMENT, '').split('\n');
  const code = decisive instanceof cassandra.errors.ResponseError ? decisive.code : null;
  const parts = (allowed: string, remedy: string) => ({ failed, received, allowed, remedy });
  if (code !== null && STATEMENT_CODES.has(code))
    return new InputError(
      'BIFOLD_CQL_INVALID',
      parts(
        'a statement of CQL over keyspaces, tables and columns that exist',
        'correct the statement; DESCRIBE TABLES lists the tables',
      ),
      { cause },
    );
  if ((code !== null && RIGHTS_CODES.has(code)) || decisive instanceof cassandra.errors.AuthenticationError)
    return new InputError(
      'BIFOLD_CASSANDRA_REFUSED',
      parts('a user with the right to do this', 'grant the right, or use other credentials'),
      { cause },
    );
  if ((code !== null && OVERDUE_CODES.has(code)) || decisive instanceof cassandra.errors.OperationTimedOutError)
    return new AdapterError(
      'BIFOLD_CASSANDRA_TIMEOUT',
      parts(
        'an answer in time',
        'read less: name a partition key, or a smaller --rows; a write may have applied in spite of this',
      ),
      { cause },
    );
  if (cause instanceof cassandra.errors.NoHostAvailableError)
    return new AdapterError('BIFOLD_CASSANDRA_AWAY', parts('a Cassandra node that answers', 'npx bifold up'), {
      cause,
    });
  return new AdapterError(
    'BIFOLD_CASSANDRA_FAILED',
    parts('an answer without an error', 'npx bifold status; then try again'),
    { cause },
  );
}

/** The answer of a node. The driver may wrap it in an error that says that no host is available. */
function decisiveCause(cause: unknown): unknown {
  if (!(cause instanceof cassandra.errors.NoHostAvailableError)) return cause;
  const inner = Object.values((cause.innerErrors ?? {}) as Record<string, unknown>);
  return (
    inner.find((each) => each instanceof cassandra.errors.ResponseError) ??
    inner.find((each) => each instanceof cassandra.errors.AuthenticationError) ??
    cause
  );
}
