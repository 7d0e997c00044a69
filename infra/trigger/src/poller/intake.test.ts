import { describe, expect, it } from '@jest/globals';
import { encodeRun, selfManagedKafkaEnvelope } from '../event.ts';
import { payloadBytesMax } from './batcher.ts';
import { Intake } from './intake.ts';

const MIB = 1024 * 1024;
const envelope = selfManagedKafkaEnvelope('t', ['a:1']);
const limits = { count: 100, sizeBytes: payloadBytesMax, windowMs: 1_000 };
const run = (partition: number, offset: number, sizeBytes: number) =>
  encodeRun(
    't',
    partition,
    [{ offset: String(offset), timestamp: '1', key: null, value: Buffer.alloc(sizeBytes, 0x61) }],
    offset + 1,
  );
const intakeOf = (heldBytesMax: number, ...partitions: number[]) => {
  const intake = new Intake(heldBytesMax);
  for (const partition of partitions) intake.assign(partition);
  return intake;
};
const take = (intake: Intake, busy: readonly number[] = [], nowMs = 0) =>
  intake.nextBatch((partition) => busy.includes(partition), envelope, limits, nowMs);
/** The records of one megabyte each, encoded, that a partition took before it was to pause. */
const fillUntilPaused = (intake: Intake, partition: number): number => {
  for (let offset = 0; ; offset++) if (intake.push(partition, run(partition, offset, MIB), 0)) return offset + 1;
};

describe('the intake of a mapping', () => {
  it('pauses a partition with two payloads waiting, and resumes it below one payload', () => {
    const intake = intakeOf(256 * MIB, 0);
    const pushed = fillUntilPaused(intake, 0);
    expect(pushed * MIB).toBeLessThan(2 * payloadBytesMax);
    expect(intake.takeDrained()).toEqual([]);
    take(intake);
    take(intake);
    expect(intake.takeDrained()).toEqual([0]);
    expect(intake.takeDrained()).toEqual([]);
  });

  it('pauses every partition that brings records while all of them together hold too much', () => {
    const intake = intakeOf(3 * MIB, 0, 1);
    expect(intake.push(0, run(0, 0, MIB), 0)).toBe(false);
    expect(intake.push(1, run(1, 0, MIB), 0)).toBe(false);
    expect(intake.push(1, run(1, 1, MIB), 0)).toBe(true);
  });

  it('waits for the window while it has room, and for none once it is full', () => {
    const roomy = intakeOf(256 * MIB, 0);
    roomy.push(0, run(0, 0, 10), 0);
    expect(take(roomy)).toEqual({ dueInMs: 1_000 });
    const full = intakeOf(10, 0);
    full.push(0, run(0, 0, 10), 0);
    expect(take(full)).toMatchObject({ batch: { count: 1 } });
  });

  it('takes no batch of a partition that is busy', () => {
    const intake = intakeOf(256 * MIB, 0, 1);
    intake.push(0, run(0, 0, 10), 0);
    expect(take(intake, [0], 5_000)).toBeNull();
    expect(take(intake, [1], 5_000)).toMatchObject({ batch: { parts: [{ partition: 0 }] } });
  });

  it('drops the records of partitions that are not assigned', () => {
    const intake = intakeOf(256 * MIB, 0);
    intake.push(0, run(0, 0, 10), 0);
    intake.clear();
    expect(intake.has(0)).toBe(false);
    expect(intake.push(0, run(0, 1, 10), 0)).toBe(false);
    expect(take(intake, [], 5_000)).toBeNull();
  });
});
