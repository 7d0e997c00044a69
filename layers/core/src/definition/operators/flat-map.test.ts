import { describe } from '@jest/globals';
import { z } from 'zod';
import { field, items, lookup, model, split } from '../../index.ts';
import { cities, define, from, itRefuses, Ride } from '../rides.fixture.ts';

describe('flatMap', () => {
  itRefuses([
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'a flatMap without columns',
      names: '[]',
      allowed: 'one column',
      make: () => define({ flatMap: {} }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'a flatMap of two columns',
      names: '"tag"',
      allowed: 'one column',
      make: () => define({ flatMap: { word: split('city', ' '), tag: items('tags') } }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'a flatMap of a function',
      names: 'flatMap.word',
      allowed: 'items(',
      make: () => define({ flatMap: { word: () => [] } }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'a split at an empty text',
      names: 'flatMap.word',
      allowed: 'one character',
      make: () => define({ flatMap: { word: split('city', '') } }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'a split at an invalid character',
      names: 'flatMap.word',
      allowed: 'well-formed',
      make: () => define({ flatMap: { word: split('city', '\ud800') } }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'a split of a number',
      names: 'flatMap.word',
      allowed: 'split(...) of text',
      make: () => define({ flatMap: { word: split('fare', ' ') } }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'a split of an array',
      names: '"tags"',
      allowed: 'split(...) of text',
      make: () => define({ flatMap: { word: split('tags', ' ') } }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'items of a text',
      names: '"city"',
      allowed: 'an array of texts',
      make: () => define({ flatMap: { tag: items('city') } }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'items of objects',
      names: '"stops"',
      allowed: 'an array of texts',
      make: () =>
        define({
          ...from({ schema: Ride.extend({ stops: z.array(z.object({ city: z.string() })) }) }),
          flatMap: { stop: items('stops') },
        }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'items of texts and numbers',
      names: '"mixed"',
      allowed: 'of one type',
      make: () =>
        define({
          ...from({ schema: Ride.extend({ mixed: z.array(z.union([z.string(), z.int()])) }) }),
          flatMap: { one: items('mixed') },
        }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'items of times',
      names: '"times"',
      allowed: 'an array of texts',
      make: () =>
        define({
          ...from({ schema: Ride.extend({ times: z.array(z.iso.datetime()) }) }),
          flatMap: { time: items('times') },
        }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'items of a tuple',
      names: '"pair"',
      allowed: 'an array of texts',
      make: () =>
        define({
          ...from({ schema: Ride.extend({ pair: z.tuple([z.string(), z.string()]) }) }),
          flatMap: { one: items('pair') },
        }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'items of a lookup',
      names: '"place.notes"',
      allowed: 'at, city',
      make: () =>
        define({ lookups: { place: lookup(cities, { on: 'city' }) }, flatMap: { note: items('place.notes') } }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a split of a derived column',
      names: '"title"',
      allowed: 'at, city',
      make: () => define({ derive: { title: field('city').lower() }, flatMap: { word: split('title', ' ') } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'an item named like a field',
      names: '"seats"',
      allowed: 'no column',
      make: () => define({ flatMap: { seats: split('city', ' ') } }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'an item with a quote in its name',
      names: 'flatMap',
      allowed: 'underscores',
      make: () => define({ flatMap: { 'a"': split('city', ' ') } }),
    },
    {
      code: 'BIFOLD_BAD_FLAT_MAP',
      what: 'scores of items',
      names: 'expected',
      allowed: 'one event each',
      make: () => define({ flatMap: { tag: items('tags') }, scores: { expected: model('fares') } }),
    },
  ]);
});
