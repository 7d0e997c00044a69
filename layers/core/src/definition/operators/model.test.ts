import { describe } from '@jest/globals';
import { mean, model } from '../../index.ts';
import { define, itRefuses } from '../rides.fixture.ts';

describe('a score', () => {
  itRefuses([
    {
      code: 'BIFOLD_BAD_SCORE',
      what: 'a name where a model belongs',
      names: '"expected"',
      allowed: "model('name')",
      make: () => define({ scores: { expected: 'fares' } }),
    },
    {
      code: 'BIFOLD_BAD_NAME',
      what: 'a model without a usable name',
      names: 'a model',
      allowed: 'a letter',
      make: () => define({ scores: { expected: model('no name') } }),
    },
    {
      code: 'BIFOLD_BAD_SCORE',
      what: 'a score of an unknown kind',
      names: '"expected"',
      allowed: '"probability"',
      make: () => define({ scores: { expected: model('fares', { output: 'odds' } as never) } }),
    },
    {
      code: 'BIFOLD_BAD_SCORE',
      what: 'a score with an unknown rule for a missing version',
      names: 'missing',
      allowed: '"wait"',
      make: () => define({ scores: { expected: model('fares', { missing: 'drop' } as never) } }),
    },
    {
      code: 'BIFOLD_BAD_SCORE',
      what: 'a class for a score that is a number',
      names: '"dear"',
      allowed: 'where the probability is given',
      make: () => define({ scores: { expected: model('fares', { of: 'dear' }) } }),
    },
    {
      code: 'BIFOLD_BAD_SCORE',
      what: 'one model with two configurations',
      names: 'scores.sure',
      allowed: 'the same features',
      make: () =>
        define({
          scores: {
            grade: model('grades', { output: 'text' }),
            sure: model('grades', { output: 'probability', missing: 'wait' }),
          },
        }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a feature of an unknown field',
      names: '"rank"',
      allowed: 'fare',
      make: () => define({ scores: { expected: model('fares', { features: { rank: 'rank' } }) } }),
    },
    {
      code: 'BIFOLD_UNKNOWN_FIELD',
      what: 'a feature that is a score',
      names: '"other"',
      allowed: 'fare',
      make: () =>
        define({ scores: { other: model('others'), expected: model('fares', { features: { rank: 'other' } }) } }),
    },
    {
      code: 'BIFOLD_NOT_SCALAR',
      what: 'a feature that is a list',
      names: '"tags"',
      allowed: 'text, number',
      make: () => define({ scores: { expected: model('fares', { features: { tags: 'tags' } }) } }),
    },
    {
      code: 'BIFOLD_NAME_TAKEN',
      what: 'a score named like a field',
      names: '"Fare"',
      allowed: 'ignoring case',
      make: () => define({ scores: { Fare: model('fares') } }),
    },
    {
      code: 'BIFOLD_NOT_NUMERIC',
      what: 'the mean of a class',
      names: '"grade"',
      allowed: 'an integer or double',
      make: () =>
        define({ scores: { grade: model('grades', { output: 'text' }) }, aggregates: { m: mean('grade' as never) } }),
    },
  ]);
});
