import type { KafkaOptions } from '@bifold/adapters/kafka';
import { certificateRefused, verifiedTls } from '@bifold/adapters/tls';
import { BifoldError } from '@bifold/core';
import { wholeAnswers } from '@bifold/trigger/frames';
import { Kafka, type Kafka as KafkaClient, logLevel, type RetryOptions, type SASLOptions } from 'kafkajs';
import { CliError, messageOf, UsageError } from '../errors.ts';

/**
 * kafkajs 2.2.4 sets timers in the past, and Node 24 warns each time. This hides only these
 * warnings.
 */
function hushNegativeTimeouts(): void {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] !== 'TimeoutNegativeWarning') (emitWarning as (...all: unknown[]) => void)(warning, ...rest);
  }) as typeof process.emitWarning;
}
hushNegativeTimeouts();

/** A killed broker recovers within seconds. */
const RETRY: RetryOptions = { initialRetryTime: 100, maxRetryTime: 2_000, retries: 12 };

export function kafkaClient({ brokers, credentials, tls }: KafkaOptions, retry = RETRY): KafkaClient {
  return new Kafka({
    clientId: 'bifold',
    brokers: [...brokers],
    ...(credentials === undefined ? {} : { sasl: { mechanism: 'scram-sha-512', ...credentials } as SASLOptions }),
    ...(tls ? { ssl: verifiedTls(tls) } : {}),
    logLevel: logLevel.NOTHING,
    socketFactory: wholeAnswers,
    connectionTimeout: 15_000,
    retry,
  });
}

/** The explanation of each error with which brokers refuse a request, by its name. */
const REFUSALS: ReadonlyMap<string, { readonly allowed: string; readonly remedy: string }> = new Map([
  [
    'MESSAGE_TOO_LARGE',
    {
      allowed: 'batches within max.message.bytes of the topic, also after the broker compressed them',
      remedy: 'raise the limit: npx bifold topic alter TOPIC --config max.message.bytes=BYTES; or split the records',
    },
  ],
  [
    'RECORD_LIST_TOO_LARGE',
    {
      allowed: 'batches within segment.bytes of the topic',
      remedy: 'raise the limit: npx bifold topic alter TOPIC --config segment.bytes=BYTES; or split the records',
    },
  ],
  [
    'INVALID_RECORD',
    {
      allowed: 'records that the topic accepts; a compacted topic takes none without a key',
      remedy: 'give each record a key: npx bifold produce TOPIC --key FIELD; or choose another topic',
    },
  ],
]);

/** An error of Kafka is reported with the brokers' addresses; our own errors pass unchanged. */
export async function withKafkaErrors<T>(
  { brokers }: KafkaOptions,
  what: string,
  request: () => Promise<T>,
): Promise<T> {
  try {
    return await request();
  } catch (cause) {
    if (cause instanceof BifoldError) throw cause;
    const untrusted = certificateRefused(`${what} at ${brokers.join(', ')}`, cause);
    if (untrusted !== null) throw untrusted;
    const refusal = REFUSALS.get(brokerErrorOf(cause) ?? '');
    if (refusal !== undefined) {
      const failed = `${what} at ${brokers.join(', ')} was refused`;
      throw new UsageError('BIFOLD_KAFKA_REFUSES', { failed, received: messageOf(cause), ...refusal }, { cause });
    }
    throw new CliError(
      'BIFOLD_KAFKA_FAILED',
      {
        failed: `${what} at ${brokers.join(', ')} failed`,
        received: messageOf(cause),
        allowed: 'an acknowledgement of the broker',
        remedy: 'npx bifold up starts what is away; what was sent with --resumable goes on with --resume',
      },
      { cause },
    );
  }
}

/** The name of the error with which a broker answered. Null if it is another error. */
export function brokerErrorOf(error: unknown): string | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { type } = at as { readonly type?: unknown };
    if (at.name.startsWith('KafkaJS') && typeof type === 'string') return type;
  }
  return null;
}
