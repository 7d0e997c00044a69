import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaLog } from '@bifold/adapters/kafka';
import type { Log } from '@bifold/core/engine';
import type { Stream } from '../stream/driver.ts';
import type { StreamedEvent } from '../stream/views.ts';
import type { Running } from '../world/cloud.ts';
import { type Fault, hit, missed, plural } from './fault.ts';

const RECORDS = 4_000;
const RATE = '1000';
/** Sent between two kills, at least. */
const STEP = 600;
const READ_BYTES = 1024 * 1024;
const GOES_ON_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS = 120_000;
const POLL_MS = 50;
/** Another fault may take the broker away for longer than a producer waits. */
const TRIES = 5;

/**
 * Reads what the command sends into the ledger, and compares it with what must come, record by
 * record.
 */
class Follower {
  readonly #log: Log;
  readonly #stream: Stream;
  readonly #expected: Map<number, StreamedEvent[]>;
  #seen = 0;

  constructor(log: Log, stream: Stream, events: readonly StreamedEvent[]) {
    this.#log = log;
    this.#stream = stream;
    this.#expected = Map.groupBy(events, ({ partitionKey }) => stream.partitionOf(partitionKey));
  }

  /** Records of the file that are in the topic. */
  get seen(): number {
    return this.#seen;
  }

  /**
   * @throws when a record is not the next one of its partition: then one was lost, or came twice
   */
  async follow(): Promise<void> {
    const { ledger, view } = this.#stream;
    for (const partition of ledger.next().keys()) {
      const { end } = await this.#log.bounds(partition);
      for (let at = ledger.next()[partition] as number; at < end; ) {
        const read = await this.#log.read(partition, at, end, READ_BYTES);
        for (const { offset, value } of read.records) {
          const event = this.#expected.get(partition)?.shift();
          const text = value === null ? null : Buffer.from(value).toString('utf8');
          if (event === undefined || event.value !== text)
            throw new Error(
              `${view.topic}, partition ${partition}, offset ${offset}: ${text}, not ${event?.value ?? 'the end of the file'}`,
            );
          ledger.passHoles(partition, offset);
          ledger.append(partition, offset, [event]);
          this.#seen += 1;
        }
        ledger.passHoles(partition, read.end);
        at = read.end;
      }
    }
  }

  /** @throws when it does not come to that */
  async until(holds: () => boolean, withinMs: number): Promise<void> {
    for (const giveUpAtMs = Date.now() + withinMs; ; await sleep(POLL_MS)) {
      // The broker may be away: another fault may strike at the same time.
      await this.follow().catch((error: unknown) => {
        if (!(error instanceof Error) || !('code' in error)) throw error;
      });
      if (holds()) return;
      if (Date.now() > giveUpAtMs) throw new Error(`only ${this.#seen} of ${RECORDS} records were sent in time`);
    }
  }
}

/** Its status, while the ledger keeps up with it. */
async function endOf(running: Running, follower: Follower): Promise<number | null> {
  let ended: { readonly status: number | null } | null = null;
  void running.ended.then((status) => {
    ended = { status };
  });
  await follower.until(() => ended !== null, ENDS_WITHIN_MS);
  return running.ended;
}

/**
 * kill -9 of `bifold produce` in the middle of a file, again and again, and `--resume`. The records
 * are those of the stream.
 */
const killed: Fault = {
  kind: 'kill producer',
  holds: ['producer'],
  async strike(world, stream, random) {
    const { cloud } = world;
    const file = join(cloud.stateDir, `lent-${stream.view.name}-${random.below(1e9)}.jsonl`);
    const log = kafkaLog({ brokers: [cloud.addresses.kafka.brokersInternal], topic: stream.view.topic });
    await stream.pause();
    const events = stream.lend(RECORDS);
    writeFileSync(file, events.map(({ value }) => `${value}\n`).join(''));
    const follower = new Follower(log, stream, events);
    const send = (option: '--resumable' | '--resume') =>
      cloud.start('produce', stream.view.topic, '--file', file, '--rate', RATE, '--json', option);
    let running = send('--resumable');
    const kills: number[] = [];
    try {
      for (let left = 1 + random.below(3); left > 0; left--) {
        const target = follower.seen + STEP;
        await follower.until(() => follower.seen >= target || running.child.exitCode !== null, GOES_ON_WITHIN_MS);
        await sleep(random.below(600));
        const isHit = running.child.kill('SIGKILL') && (await running.ended) === null;
        if (isHit) kills.push(follower.seen);
        running = send('--resume');
      }
      for (let tries = 1; (await endOf(running, follower)) !== 0; tries++) {
        if (tries === TRIES) throw new Error(`bifold produce --resume does not come to its end: ${running.stderr()}`);
        running = send('--resume');
      }
      await follower.until(() => follower.seen === RECORDS, GOES_ON_WITHIN_MS);
    } finally {
      running.child.kill('SIGKILL');
      await log.close();
      rmSync(file, { force: true });
      stream.resume();
    }
    const middle = kills.filter((seen) => seen > 0 && seen < RECORDS);
    const what = `${plural(middle.length, 'time')} of ${stream.view.name}, after ${middle.join(', ')} of ${RECORDS} records`;
    return middle.length > 0 ? hit(what) : missed('it had ended each time');
  },
};

export const producers: readonly Fault[] = [killed];
