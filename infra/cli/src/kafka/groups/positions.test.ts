import { describe, expect, it } from '@jest/globals';
import { placeOf } from './positions.ts';

describe('a place in a log, as it is written', () => {
  it.each([
    ['earliest', { kind: 'earliest' }],
    ['latest', { kind: 'latest' }],
    ['17', { kind: 'offset', offset: 17 }],
    [
      '0:5,12:7',
      {
        kind: 'offsets',
        offsets: new Map([
          [0, 5],
          [12, 7],
        ]),
      },
    ],
    ['2013-07-04', { kind: 'time', timestampMs: Date.UTC(2013, 6, 4) }],
    ['2013-07-04T10:00Z', { kind: 'time', timestampMs: Date.UTC(2013, 6, 4, 10) }],
    ['2013-07-04T10:00:00.5-04:00', { kind: 'time', timestampMs: Date.UTC(2013, 6, 4, 14, 0, 0, 500) }],
  ])('%s', (text, place) => {
    expect(placeOf(text)).toEqual(place);
  });

  it.each(['', 'soon', '-1', '1:', '1:2,', '1:2,1:3', '2013-07-04T10:00', '2013-13-04', '99999999999999999999'])(
    '%p is none',
    (text) => {
      expect(() => placeOf(text)).toThrow(/earliest, latest, a time/);
    },
  );
});
