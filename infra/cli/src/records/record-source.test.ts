import { Readable } from 'node:stream';
import { columnsOf, optionalFieldsOf } from '@bifold/core/engine';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { recordsOfFiles } from './record-source.ts';

const Sale = z.object({
  at: z.iso.datetime(),
  shop: z.string().nullable(),
  quantity: z.int().optional(),
  note: z.string().nullish(),
});

describe('a CSV file that a pipeline types', () => {
  it('gives records that its schema takes: what may be null is null, what may be missing is left out', async () => {
    const csv = 'at,shop,quantity,note\n2026-01-01T00:00:00Z,NA,NA,NA\n2026-01-01T00:00:01Z,x,2,y\n';
    const open = async () => Readable.from([Buffer.from(csv)]);
    const file = { name: 'sales.csv', address: '/sales.csv', isLocal: false, open };
    const records: unknown[] = [];
    for await (const { value } of recordsOfFiles([file], {
      format: null,
      fallback: 'json',
      keyField: null,
      needsKey: false,
      keySeparator: null,
      isRaw: false,
      isJsonNeeded: true,
      columns: columnsOf('sales', Sale),
      optional: optionalFieldsOf('sales', Sale),
      nullText: 'NA',
    }))
      records.push(JSON.parse(String(value)));
    expect(records).toEqual([
      { at: '2026-01-01T00:00:00Z', shop: null },
      { at: '2026-01-01T00:00:01Z', shop: 'x', quantity: 2, note: 'y' },
    ]);
    for (const record of records) expect(Sale.safeParse(record).success).toBe(true);
  });
});
