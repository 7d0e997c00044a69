import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { count } from '../definition/aggregates/counts.ts';
import { sum } from '../definition/aggregates/statistics.ts';
import { running, session, sliding, tumbling } from '../definition/operators/window.ts';
import { definePipeline } from '../definition/pipeline.ts';
import { topic } from '../definition/source/topic.ts';
import { foldOf } from '../fold/fold.ts';
import { interpret } from '../fold/interpret.ts';
import type { LogRecord } from '../ports/log.ts';
import type { MergedRow, OpenSegment, RowParts } from '../query/answer.ts';
import { mergeWindows, type WindowRange, windowStartsOf } from './windows.ts';

const pipeline = definePipeline({
  name: 'visits',
  from: topic('visits', {
    schema: z.object({ at: z.int(), city: z.string(), fare: z.int() }),
    schemaVersion: 1,
    partitionBy: 'city',
    eventTime: { field: 'at', unit: 'ms' },
  }),
  groupBy: ['city'],
  windows: { visits: session('5ms'), ever: running() },
  aggregates: { n: count(), fares: sum('fare') },
});
const { rows } = foldOf(pipeline);
const VISITS = { name: 'visits', ...session('5ms') };
const EVERYTHING = { fromMs: null, toMs: null, total: false };

const segment = (partition: number, number = 0): OpenSegment => ({
  partition,
  segment: number,
  start: number * 16,
  next: number * 16 + 16,
});

/**
 * The pane of 5 ms that holds these times: each an event with fare 1, in the batch layer, or in a
 * segment up to `lastOffset`.
 */
function paneOf(
  times: readonly number[],
  open: readonly (readonly [OpenSegment, lastOffset: number])[] = [],
): RowParts {
  const states = [times.length, times.length, Math.min(...times), Math.max(...times)];
  const position = { key: '["oslo"]', window: 'visits', startMs: Math.floor((times[0] as number) / 5) * 5 };
  return {
    ...position,
    batch: open.length > 0 ? null : { ...position, cell: rows.timed.encode(states) },
    fragments: open.map(([own, lastOffset]) => [
      own,
      { ...position, lastOffset, cell: rows.timed.encodeFragment(lastOffset, states) },
    ]),
  };
}

const sessionsOf = (...panes: readonly RowParts[]): Promise<readonly MergedRow[]> => sessionsIn(EVERYTHING, panes);

async function sessionsIn(range: WindowRange, panes: readonly RowParts[]): Promise<readonly MergedRow[]> {
  async function* read(): AsyncGenerator<RowParts> {
    yield* panes;
  }
  const shown: MergedRow[] = [];
  for await (const row of mergeWindows(rows, VISITS, range, read(), null)) shown.push(row);
  return shown;
}

describe('windows', () => {
  it('begin later by their offset', () => {
    expect(tumbling('10ms', { offset: '3ms' })).toEqual({ kind: 'tumbling', sizeMs: 10, offsetMs: 3 });
    expect(sliding('10ms', '5ms', { offset: '3ms' })).toEqual({
      kind: 'sliding',
      sizeMs: 10,
      slideMs: 5,
      offsetMs: 3,
    });
  });

  it('of sessions have no starts of their own', () => {
    expect(windowStartsOf(session('5ms'))(12)).toEqual([]);
  });

  it('without beginning are in every total, whatever times it is over', async () => {
    const value = Buffer.from('{"at":7,"city":"oslo","fare":2}');
    const record: LogRecord = { partition: 0, offset: 0, timestampMs: 0, key: null, value, headers: [] };
    const total = { window: 'ever', fromMs: 100, toMs: 200 };
    const folded = await interpret(pipeline, [record], { 0: [[0, 1]] }, () => () => null, null, total);
    expect([...folded.rows.values()].map(({ states }) => states)).toEqual([[2, 1]]);
  });
});

describe('sessions put together from panes', () => {
  it('are of all times where none are asked for, also of those before 1970', async () => {
    const row = { key: '["oslo"]', window: 'visits', speed: null, ahead: [], behind: [] };
    expect(await sessionsOf(paneOf([-20, -18]), paneOf([30]))).toEqual([
      { ...row, startMs: -20, endMs: -13, batch: [2, 2], states: [2, 2] },
      { ...row, startMs: 30, endMs: 35, batch: [1, 1], states: [1, 1] },
    ]);
  });

  it('are behind by partition and offset, in whatever order their fragments come', async () => {
    const ahead = [segment(2), segment(1, 3), segment(1), segment(0)].map((each) => [each, each.next] as const);
    const [row] = await sessionsOf(paneOf([0]), paneOf([50], ahead));
    expect(row?.behind).toEqual([
      { partition: 0, range: [0, 16] },
      { partition: 1, range: [0, 16] },
      { partition: 1, range: [48, 64] },
      { partition: 2, range: [0, 16] },
    ]);
  });

  it('show what is hidden as a row that holds nothing, unless it is near to one of them', async () => {
    const hidden = [[segment(0), 16]] as const;
    const shown = await sessionsOf(paneOf([0]), paneOf([7], hidden), paneOf([50]), paneOf([70], hidden));
    const behind = [{ partition: 0, range: [0, 16] }];
    const none = { batch: null, speed: null, ahead: [], behind };
    expect(shown.map(({ startMs, states }) => [startMs, states])).toEqual([
      [0, [1, 1]],
      [5, [0, 0]],
      [50, [1, 1]],
      [70, [0, 0]],
    ]);
    expect(shown[3]).toEqual({ key: '["oslo"]', window: 'visits', startMs: 70, endMs: null, ...none, states: [0, 0] });
    const near = await sessionsOf(paneOf([0, 4]), paneOf([9], hidden), paneOf([50]));
    expect(near.map(({ startMs }) => startMs)).toEqual([0, 50]);
  });

  it('say so where what is hidden may begin before 1970, and they themselves begin behind the range', async () => {
    const panes = [paneOf([-10], [[segment(0), 16]]), paneOf([-5])];
    const [row, ...others] = await sessionsIn({ fromMs: null, toMs: -7, total: false }, panes);
    expect(row).toMatchObject({
      startMs: -10,
      endMs: null,
      states: [0, 0],
      behind: [{ partition: 0, range: [0, 16] }],
    });
    expect(others).toEqual([]);
  });

  it('say so within the range, and not where a session of theirs stands', async () => {
    const panes = [paneOf([10]), paneOf([15], [[segment(0), 16]])];
    const [row, ...others] = await sessionsIn({ fromMs: 12, toMs: null, total: false }, panes);
    expect(row).toMatchObject({ startMs: 12, endMs: null, states: [0, 0] });
    expect(others).toEqual([]);
  });
});
