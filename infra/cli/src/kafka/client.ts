import type { KafkaOptions } from '@bifold/adapters/kafka';
import { certificateRefused, verifiedTls } from '@bifold/adapters/tls';
import { BifoldError } from '@bifold/core';
import { wholeAnswers } from '@bifold/trigger/frames';
import { Kafka, type Kafka as KafkaClient, logLevel, type RetryOptions, type SASLOptions } from 'kafkajs';
import { CliError, messageOf } from '../errors.ts';

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
