import { describe, expect, it } from '@jest/globals';
import type { InvokeResult } from '../invoke.ts';
import type { Source } from '../kafka/source.ts';
import type { KafkaMapping } from '../mapping.ts';
import { mappingState, showAssigned } from '../state.ts';
import type { Batch } from './batcher.ts';
import { Committer } from './committer.ts';
import { Deliveries } from './deliveries.ts';
import type { Session } from './session.ts';

const mapping: KafkaMapping = {
  kind: 'kafka',
  uuid: 'm',
  enabled: true,
  functionArn: 'arn:f',
  topic: 't',
  groupId: 'g',
  bootstrapServers: ['a:1'],
  batchSizeMax: 100,
  windowMs: 0,
  startingPosition: { kind: 'trim-horizon' },
  authentication: null,
};

/** A session with partition 0 assigned at offset 0, and a source that keeps what is committed. */
function sessionOf(commit: (positions: ReadonlyMap<number, number>) => Promise<void>) {
  const stopping = new AbortController();
  const source: Source = {
    ended: new Promise(() => {}),
    pause() {},
    resume() {},
    commit,
    async stop() {},
  };
  const session: Session = {
    mapping,
    state: mappingState(mapping),
    log() {},
    stopping: stopping.signal,
    source,
    assignment: 1,
  };
  showAssigned(session.state, new Map([[0, 0]]), () => false);
  return { session, stop: () => stopping.abort() };
}

const batchTo = (nextOffset: number): Batch => ({
  parts: [{ partition: 0, count: 5, firstOffset: nextOffset - 5, nextOffset }],
  count: 5,
  chunks: [Buffer.from('{}')],
  sizeBytes: 2,
});
const failed: InvokeResult = { kind: 'failed', failure: 'throttled', message: 'too many' };
const succeeded: InvokeResult = { kind: 'succeeded' };
const retry = { firstMs: 1, maxMs: 1 };

/** Delivers one batch with the given results in turn. */
async function deliver(session: Session, results: InvokeResult[], onAttempt: () => void = () => {}) {
  const done: Batch[] = [];
  const invoke = async () => {
    onAttempt();
    return results.shift() ?? succeeded;
  };
  const deliveries = new Deliveries(session, { invoke, random: Math.random, retry }, (batch) => done.push(batch));
  await new Promise<void>((resolve) => {
    deliveries.start(batchTo(5), resolve);
    expect(deliveries.isBusy(0)).toBe(true);
  });
  expect(deliveries.isBusy(0)).toBe(false);
  expect(deliveries.count).toBe(0);
  return done;
}

describe('the delivery of a batch', () => {
  it('invokes the function again until it succeeds, and counts each attempt', async () => {
    const { session } = sessionOf(async () => {});
    expect(await deliver(session, [failed, failed])).toEqual([batchTo(5)]);
    expect(session.state).toMatchObject({
      invocations: 3,
      failures: 2,
      invocationsInFlight: 0,
      recordsInvoked: 5,
      recordsRedelivered: 10,
      status: 'polling',
      reason: null,
      lastProcessingResult: 'OK',
      partitions: { 0: { recordsInvoked: 5, recordsRedelivered: 10, inFlight: 0 } },
    });
  });

  it('is not tried again once the partitions belong to another assignment', async () => {
    const { session } = sessionOf(async () => {});
    const onAttempt = () => {
      session.assignment += 1;
    };
    expect(await deliver(session, [failed], onAttempt)).toEqual([]);
    expect(session.state).toMatchObject({ invocations: 1, failures: 1, status: 'retrying' });
  });

  it('asks for no commit if it succeeds in an assignment that is over', async () => {
    const { session } = sessionOf(async () => {});
    const onAttempt = () => {
      session.assignment += 1;
    };
    expect(await deliver(session, [succeeded], onAttempt)).toEqual([]);
    expect(session.state).toMatchObject({ recordsInvoked: 5, partitions: { 0: { recordsInvoked: 0 } } });
  });

  it('is given up uncommitted when the trigger stops and the function does not end', async () => {
    const { session, stop } = sessionOf(async () => {});
    const done: Batch[] = [];
    const deliveries = new Deliveries(
      session,
      {
        invoke: (_, __, signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => resolve({ kind: 'failed', failure: 'aborted', message: 'stop' }));
          }),
        random: Math.random,
        retry,
      },
      (batch) => done.push(batch),
    );
    deliveries.start(batchTo(5), () => {});
    stop();
    await deliveries.stop(1);
    expect(done).toEqual([]);
    expect(session.state).toMatchObject({ failures: 1, status: 'polling', reason: null });
  });
});

describe('commits', () => {
  it('send one request at a time, and the newest position next', async () => {
    const requests: [number, number][][] = [];
    const answers: (() => void)[] = [];
    const { session } = sessionOf((positions) => {
      requests.push([...positions]);
      return new Promise((resolve) => answers.push(resolve));
    });
    const committer = new Committer(session);
    for (const nextOffset of [5, 10, 15]) committer.add(batchTo(nextOffset).parts);
    expect(requests).toEqual([[[0, 5]]]);
    answers[0]?.();
    await new Promise(setImmediate);
    expect(requests).toEqual([[[0, 5]], [[0, 15]]]);
    answers[1]?.();
    await committer.settled();
    expect(session.state.partitions[0]?.committed).toBe(15);
  });

  it('are tried again after a failure, but not for an assignment that is over', async () => {
    const requests: [number, number][][] = [];
    let isFailing = true;
    const { session } = sessionOf(async (positions) => {
      requests.push([...positions]);
      if (isFailing) throw new Error('the group moves');
    });
    const committer = new Committer(session);
    committer.add(batchTo(5).parts);
    await new Promise(setImmediate);
    isFailing = false;
    await committer.settled();
    expect(requests).toEqual([[[0, 5]], [[0, 5]]]);

    isFailing = true;
    committer.add(batchTo(10).parts);
    session.assignment += 1;
    committer.clear();
    await committer.settled();
    expect(requests).toHaveLength(3);
    expect(session.state.partitions[0]?.committed).toBe(5);
  });
});
