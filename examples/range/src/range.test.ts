import { definePipeline, running, topic } from '@bifold/core';
import { foldOf, interpret } from '@bifold/core/engine';
import { expect, it } from '@jest/globals';
import * as z from 'zod';
import { range } from './range.ts';

const rides = definePipeline({
  name: 'rides',
  from: topic('rides', {
    schema: z.object({ at: z.iso.datetime(), city: z.string(), fare: z.number().nullable() }),
    schemaVersion: 1,
    partitionBy: 'city',
    eventTime: 'at',
  }),
  groupBy: ['city'],
  windows: { all: running() },
  aggregates: { span: range('fare') },
});

it.each([
  ['the distance of the smallest from the largest fare', [12, 3.5, null, 7], 8.5],
  ['zero for one fare', [12], 0],
  ['null when no ride has a fare', [null], null],
])('a pipeline shows %s', async (_, fares, span) => {
  const log = fares.map((fare, offset) => ({
    partition: 0,
    offset,
    timestampMs: 0,
    key: null,
    value: Buffer.from(JSON.stringify({ at: '2026-01-01T00:00:00Z', city: 'Rome', fare })),
    headers: [],
  }));
  const { rows } = await interpret(rides, log, { 0: [[0, log.length]] }, () => () => null);
  const { view } = foldOf(rides).rows;
  expect(Array.from(rows.values(), ({ states }) => view.present(states))).toEqual([{ span }]);
});
