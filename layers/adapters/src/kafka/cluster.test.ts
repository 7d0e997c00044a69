import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { TimeoutError } from '@platformatic/kafka';
import { kafkaCluster } from './cluster.ts';

const RETRY_TIMEOUT_MS = 200;
const cluster = kafkaCluster({ brokers: ['127.0.0.1:1'], retryTimeoutMs: RETRY_TIMEOUT_MS });

it('retries a request that timed out after more time than retries may take', async () => {
  let attempts = 0;
  const answer = await cluster.retry('asking', async () => {
    if (++attempts > 1) return 'answer';
    await sleep(2 * RETRY_TIMEOUT_MS);
    throw new TimeoutError('Request timed out');
  });
  expect([answer, attempts]).toEqual(['answer', 2]);
});

it('gives up when the time for retries is over', async () => {
  const asked = cluster.retry('asking', async () => {
    await sleep(RETRY_TIMEOUT_MS / 2);
    throw new TimeoutError('Request timed out');
  });
  await expect(asked).rejects.toMatchObject({ code: 'BIFOLD_KAFKA_AWAY' });
});
