import { describe, expect, it } from '@jest/globals';
import type { Credentials } from '../credentials.ts';
import { secretCredentials } from './secret-credentials.ts';

const OLD: Credentials = { username: 'app', password: 'old' };
const NEW: Credentials = { username: 'app', password: 'new' };

/** A secret, a clock, and how often the secret was read. */
function rotatingSecret() {
  const world = { nowMs: 0, value: OLD, isAway: false, readings: 0 };
  const source = secretCredentials('arn', {
    maxAgeMs: 60_000,
    refusalPauseMs: 1_000,
    now: () => world.nowMs,
    read: async () => {
      world.readings++;
      if (world.isAway) throw new Error('away');
      return world.value;
    },
  });
  return { world, source };
}

describe('credentials of a secret', () => {
  it('are read once for callers that come together', async () => {
    const { world, source } = rotatingSecret();
    await expect(Promise.all([source.current(), source.current()])).resolves.toEqual([OLD, OLD]);
    expect(world.readings).toBe(1);
  });

  it('are read again when they are older than their maximum age', async () => {
    const { world, source } = rotatingSecret();
    await source.current();
    world.value = NEW;
    world.nowMs = 59_999;
    await expect(source.current()).resolves.toEqual(OLD);
    world.nowMs = 60_000;
    await expect(source.current()).resolves.toEqual(NEW);
  });

  it('are read again as soon as a service refuses them', async () => {
    const { world, source } = rotatingSecret();
    await source.current();
    world.value = NEW;
    world.nowMs = 5_000;
    await expect(source.refused(OLD)).resolves.toBe(true);
    await expect(source.current()).resolves.toEqual(NEW);
    expect(world.readings).toBe(2);
  });

  it('say that there are no others when the secret still holds the refused ones', async () => {
    const { world, source } = rotatingSecret();
    await source.current();
    world.nowMs = 5_000;
    await expect(source.refused(OLD)).resolves.toBe(false);
  });

  it('are not read at each refusal, and are read again after the pause', async () => {
    const { world, source } = rotatingSecret();
    await source.current();
    for (let attempt = 0; attempt < 10; attempt++) await source.refused(OLD);
    expect(world.readings).toBe(1);
    world.value = NEW;
    world.nowMs = 1_000;
    await expect(source.current()).resolves.toEqual(NEW);
  });

  it('do not read the secret for a refusal of credentials that were replaced meanwhile', async () => {
    const { world, source } = rotatingSecret();
    await source.current();
    world.value = NEW;
    world.nowMs = 5_000;
    await source.refused(OLD);
    await expect(source.refused(OLD)).resolves.toBe(true);
    expect(world.readings).toBe(2);
  });

  it('stay in use while the secret cannot be read again', async () => {
    const { world, source } = rotatingSecret();
    await source.current();
    world.isAway = true;
    world.nowMs = 60_000;
    await expect(source.current()).resolves.toEqual(OLD);
    world.isAway = false;
    world.value = NEW;
    await expect(source.current()).resolves.toEqual(NEW);
  });

  it('fail when the first reading fails, and are read again by the next caller', async () => {
    const { world, source } = rotatingSecret();
    world.isAway = true;
    await expect(source.current()).rejects.toThrow('away');
    world.isAway = false;
    await expect(source.current()).resolves.toEqual(OLD);
  });
});
