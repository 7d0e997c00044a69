import { describe } from '@jest/globals';
import { calendar, sliding, tumbling } from '../../index.ts';
import { define, itRefuses } from '../rides.fixture.ts';

describe('a window', () => {
  itRefuses([
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt option of a window',
      names: 'a tumbling window has an option that does not exist "ofset"',
      allowed: 'offset',
      make: () => tumbling('1h', { ofset: '1m' } as never),
    },
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt option of a sliding window',
      names: 'a sliding window has an option that does not exist "ofset"',
      allowed: 'offset',
      make: () => sliding('1h', '10m', { ofset: '1m' } as never),
    },
    {
      code: 'BIFOLD_UNKNOWN_OPTION',
      what: 'a misspelt option of a calendar window',
      names: 'a calendar window has an option that does not exist "zome"',
      allowed: 'zone',
      make: () => calendar('day', { zome: 'UTC' } as never),
    },
    {
      code: 'BIFOLD_NO_WINDOW',
      what: 'a pipeline without a window',
      names: 'no window',
      allowed: 'one window',
      make: () => define({ windows: {} }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a duration where a window belongs',
      names: '"hourly"',
      allowed: 'tumbling',
      make: () => define({ windows: { hourly: '1h' } }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a window of an unknown kind',
      names: '"hourly"',
      allowed: 'tumbling',
      make: () => define({ windows: { hourly: { kind: 'hopping', sizeMs: 5 } } }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a window without a size',
      names: '"hourly"',
      allowed: 'tumbling',
      make: () => define({ windows: { hourly: { kind: 'tumbling', sizeMs: 0 } } }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a window with a negative offset',
      names: '"hourly"',
      allowed: 'tumbling',
      make: () => define({ windows: { hourly: { kind: 'tumbling', sizeMs: 5, offsetMs: -1 } } }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a sliding window without a slide',
      names: '"hourly"',
      allowed: 'sliding',
      make: () => define({ windows: { hourly: { kind: 'sliding', sizeMs: 5 } } }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a sliding window of too many panes',
      names: 'more than 10000 panes',
      allowed: 'sliding',
      make: () => define({ windows: { hourly: sliding('1d', '7001ms') } }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a session without a gap',
      names: 'without a gap',
      allowed: "session('30m')",
      make: () => define({ windows: { hourly: { kind: 'session' } } }),
    },
    {
      code: 'BIFOLD_BAD_OFFSET',
      what: 'an offset as long as its window',
      names: '1h',
      allowed: 'shorter',
      make: () => tumbling('1h', { offset: '1h' }),
    },
    {
      code: 'BIFOLD_BAD_ZONE',
      what: 'an unknown time zone',
      names: '"Europe/Bern"',
      allowed: '"Europe/Berlin"',
      make: () => calendar('day', { zone: 'Europe/Bern' }),
    },
    {
      code: 'BIFOLD_BAD_ZONE',
      what: 'a time zone that is no text',
      names: '60',
      allowed: 'tz database',
      make: () => calendar('day', { zone: 60 as never }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a calendar of quarters',
      names: '"daily" of a unit',
      allowed: 'calendar(',
      make: () => define({ windows: { daily: calendar('quarter' as never) } }),
    },
    {
      code: 'BIFOLD_BAD_WINDOW',
      what: 'a calendar without clocks',
      names: '"daily" of a zone',
      allowed: 'calendar(',
      make: () => define({ windows: { daily: { kind: 'calendar', unit: 'day', zone: 'UTC' } } }),
    },
  ]);
});
