import { describe, expect, it } from '@jest/globals';
import { type ColumnType, columnReader } from '../engine.ts';

describe('the value of a column', () => {
  const WIRE = ['x', '', '2013-01-01T00:00:00Z', '-01.50', 1, 1.5, -0, 2 ** 53, true, false, [1], { a: 'b' }] as const;
  it.each<{ type: ColumnType; read: Readonly<Record<string, unknown>> }>([
    { type: 'integer', read: { '1': 1, '0': 0 } },
    { type: 'double', read: { '1': 1, '1.5': 1.5, '0': 0, '9007199254740992': 2 ** 53 } },
    {
      type: 'text',
      read: { '"x"': 'x', '""': '', '"2013-01-01T00:00:00Z"': '2013-01-01T00:00:00Z', '"-01.50"': '-01.50' },
    },
    { type: 'boolean', read: { true: true, false: false } },
    { type: 'timestamp', read: { '"2013-01-01T00:00:00Z"': Date.UTC(2013, 0, 1) } },
    { type: 'decimal', read: { '"-01.50"': '-1.5' } },
    { type: 'json', read: Object.fromEntries(WIRE.map((value) => [JSON.stringify(value), JSON.stringify(value)])) },
  ])('of type $type is read from that type alone', ({ type, read }) => {
    for (const nullable of [true, false]) {
      const reader = columnReader({ name: 'c', type, nullable });
      for (const value of WIRE) expect([value, reader(value)]).toEqual([value, read[JSON.stringify(value)]]);
      for (const nothing of [null, undefined]) expect(reader(nothing)).toBe(nullable ? null : undefined);
    }
  });
});
