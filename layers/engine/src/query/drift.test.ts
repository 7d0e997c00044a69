import type { AnswerRow } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { bytesOf, newer, older, scored, versionFile, watched } from '../../../models/src/drift/rides.fixture.ts';
import { latestDrift } from '../index.ts';

describe('a report of drift', () => {
  const ports = (current: string | null, rows: readonly AnswerRow[], held: object = versionFile()) => {
    const asked: unknown[] = [];
    return {
      asked,
      registry: {
        readPointer: async () => ({ generation: 1, current, previous: null, challenger: null }),
        read: async (_: string, version: string) => bytesOf({ ...held, version }),
      },
      ask: async (query: unknown) => {
        asked.push(query);
        return rows;
      },
    };
  };

  it('is of the newest window of the current version, unless a range is asked for', async () => {
    const open = ports('v1', [newer, older]);
    expect((await latestDrift(watched.plan, open))?.report?.window.start).toBe('2026-11-22T00:00:00.000Z');
    await latestDrift(watched.plan, open, { version: 'v0', window: 'ever' });
    await latestDrift(watched.plan, open, { from: '2026-11-21T00:00:00Z' });
    expect(open.asked).toEqual([
      { window: 'daily', keys: [{ version_2: 'v1' }] },
      { window: 'ever', keys: [{ version_2: 'v0' }] },
      { window: 'daily', keys: [{ version_2: 'v1' }], from: '2026-11-21T00:00:00Z', total: true },
    ]);
  });

  it('says why there is none', async () => {
    const reason = async (...given: Parameters<typeof ports>) =>
      (await latestDrift(watched.plan, ports(...given)))?.reason;
    expect(await reason(null, [])).toBe('no-version');
    expect(await reason('v1', [])).toBe('nothing-scored');
    expect(await reason('v1', [older], versionFile({ distributions: undefined }))).toBe('no-distributions');
    expect(await reason('v1', [older])).toBeNull();
    expect(await latestDrift(scored.plan, ports('v1', [older]))).toBeNull();
  });
});
