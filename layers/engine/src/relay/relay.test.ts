import { memoryLog } from '@bifold/adapters/memory';
import { count, definePipeline, join, running, topic } from '@bifold/core';
import { type LogRecord, ORIGIN_HEADER, type RelayedRecord, readOrigin } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { partitionersOf, type RelayPorts, relayDelivery } from './relay.ts';

const ID = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const { plan } = definePipeline({
  name: 'rides-by-shift',
  from: join({
    left: topic('rides', {
      schema: z.object({ at: z.int(), car: z.string() }),
      schemaVersion: 1,
      partitionBy: 'car',
      eventTime: { field: 'at', unit: 'ms' },
    }),
    right: topic('shifts', {
      schema: z.object({ from: z.int(), vehicle: z.string() }),
      schemaVersion: 1,
      partitionBy: 'vehicle',
      eventTime: { field: 'from', unit: 'ms' },
    }),
    as: 'shift',
    on: { car: 'vehicle' },
    partitions: 8,
  }),
  groupBy: ['car'],
  windows: { ever: running() },
  aggregates: { n: count() },
});
const { relay } = plan;
if (relay === undefined) throw new Error('a join has a relay');

const recordOf = (offset: number, value: object | null): LogRecord => ({
  partition: 3,
  offset,
  timestampMs: 1_000 + offset,
  key: Buffer.from('k'),
  value: value && Buffer.from(JSON.stringify(value)),
  headers: [{ key: 'trace', value: null }],
});

function portsWith(topicId: string): { readonly ports: RelayPorts; readonly written: RelayedRecord[] } {
  const written: RelayedRecord[] = [];
  const source = { log: memoryLog(topicId, 1), topicId: ID };
  const writer = { append: async (records: readonly RelayedRecord[]) => void written.push(...records) };
  return {
    written,
    ports: {
      sources: new Map([
        ['rides', source],
        ['shifts', source],
      ]),
      writer,
    },
  };
}

describe('a relay', () => {
  it('brings records as they are, with where they come from, and both sides of a key to one partition', async () => {
    const { ports, written } = portsWith(ID);
    const [ride, shift] = [recordOf(7, { at: 1, car: 'c1' }), recordOf(9, { from: 1, vehicle: 'c1' })];
    expect(
      await relayDelivery(partitionersOf(plan), 'rides', new Map([[3, [ride, recordOf(8, null)]]]), ports),
    ).toEqual([{ partition: 3, records: 2 }]);
    await relayDelivery(partitionersOf(plan), 'shifts', new Map([[3, [shift]]]), ports);
    expect(written.map(({ key, value, timestampMs }) => [key, value, timestampMs])).toEqual(
      [ride, recordOf(8, null), shift].map(({ key, value, timestampMs }) => [key, value, timestampMs]),
    );
    expect(written[0]?.partition).toBe(written[2]?.partition);
    expect(written.map(({ headers }) => headers[0])).toEqual(Array(3).fill({ key: 'trace', value: null }));
    const origins = written.map(({ headers }) => {
      expect(headers[1]?.key).toBe(ORIGIN_HEADER);
      return readOrigin(Buffer.from(headers[1]?.value ?? []).toString(), relay);
    });
    expect(origins).toEqual([
      { source: 0, log: `rides/${ID}/3`, offset: 7 },
      { source: 0, log: `rides/${ID}/3`, offset: 8 },
      { source: 1, log: `shifts/${ID}/3`, offset: 9 },
    ]);
  });

  it('brings nothing of a topic that was created anew, nor of one that it does not know', async () => {
    const { ports, written } = portsWith('7ba7b810-9dad-41d1-80b4-00c04fd430c8');
    const delivery = new Map([[0, [recordOf(1, { at: 1, car: 'c1' })]]]);
    await expect(relayDelivery(partitionersOf(plan), 'rides', delivery, ports)).rejects.toThrow(
      /BIFOLD_OTHER_TOPIC_ID/,
    );
    await expect(relayDelivery(partitionersOf(plan), 'drives', delivery, ports)).rejects.toThrow(
      /"drives".*rides, shifts.*BIFOLD_FOREIGN_TOPIC/s,
    );
    expect(written).toEqual([]);
  });

  it.each([null, '', 'rides', `drives/${ID}/0/1`, `rides/${ID}/0/-1`, `rides/${ID}/0/1/2`, `rides/none/0/1`])(
    'knows what names no origin: %j',
    (text) => {
      expect(readOrigin(text, relay)).toBeNull();
    },
  );
});
