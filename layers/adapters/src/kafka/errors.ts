import { GenericError, MultipleErrors, ResponseError } from '@platformatic/kafka';
import { AdapterError } from '../errors.ts';

/**
 * Errors that brokers outlive: all but a refusal (of credentials, of rights, of the request).
 */
const PASSING = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'REPLICA_NOT_AVAILABLE',
  'OFFSET_NOT_AVAILABLE',
  'KAFKA_STORAGE_ERROR',
  'REQUEST_TIMED_OUT',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_CONTROLLER',
  'NETWORK_EXCEPTION',
]);

/** Names of the errors that a broker answered with. */
export function apiErrorsOf(error: unknown): readonly string[] {
  return error instanceof ResponseError ? error.errors.map((each) => String((each as { apiId?: unknown }).apiId)) : [];
}

/** The same with the broker's message for each. */
export function messagesOf(error: unknown): readonly string[] {
  if (!(error instanceof ResponseError)) return [];
  return error.errors.map((each) => {
    const { apiId, serverErrorMessage, message } = each as Error & {
      apiId?: string;
      serverErrorMessage?: string | null;
    };
    return `${apiId}: ${serverErrorMessage ?? message}`;
  });
}

/** Whether the same request may succeed later: brokers restart, leaders move. */
export function isPassing(error: unknown): boolean {
  const apiErrors = apiErrorsOf(error);
  if (apiErrors.length > 0) return apiErrors.every((name) => PASSING.has(name));
  return error instanceof GenericError || error instanceof MultipleErrors ? !isAuthenticationError(error) : false;
}

/** Whether a broker refused the credentials. */
export function isAuthenticationError(error: unknown): boolean {
  return causesOf(error).some((each) => (each as { code?: unknown }).code === 'PLT_KFK_AUTHENTICATION');
}

/** The error of an operation that is given up: refused, failed, or without an answer. */
export function kafkaError(operation: string, brokers: readonly string[], cause: unknown): AdapterError {
  const messages = causesOf(cause).map((each) => each.message);
  const explanation = {
    failed: `${operation} at ${brokers.join(', ')} failed`,
    received: [...new Set(messages)].join(' <- '),
  };
  const apiErrors = apiErrorsOf(cause);
  if (isAuthenticationError(cause) || apiErrors.some((name) => name.endsWith('AUTHORIZATION_FAILED'))) {
    return new AdapterError(
      'BIFOLD_KAFKA_REFUSED',
      {
        ...explanation,
        allowed: 'credentials that Kafka accepts, with the right to do this',
        remedy: 'put the right username and password into the secret, or grant the right',
      },
      { cause },
    );
  }
  return apiErrors.length > 0
    ? new AdapterError(
        'BIFOLD_KAFKA_FAILED',
        { ...explanation, allowed: 'an answer without an error', remedy: 'read the cause; a retry may cure it' },
        { cause },
      )
    : new AdapterError(
        'BIFOLD_KAFKA_AWAY',
        { ...explanation, allowed: 'a broker that answers in time', remedy: 'start Kafka, or correct its addresses' },
        { cause },
      );
}

/** An error, its parts and its causes. */
function causesOf(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return [];
  const parts = error instanceof AggregateError ? error.errors.flatMap(causesOf) : [];
  return [error, ...parts, ...causesOf(error.cause)];
}
