import { definePipeline, field, last, lookup, model, running, table, topic, when } from '@bifold/core';
import { category, defineModel, numeric, randomForest } from '@bifold/models';
import * as z from 'zod';

/** The known facts of a person's job, without their wage. */
const JobInformation = z.object({
  id: z.int(),
  at: z.iso.datetime(),
  jobTitle: z.string(),
  seniority: z.string(),
  yearsOfExperience: z.int(),
});

const Person = z.object({
  id: z.int(),
  gender: z.string(),
  age: z.int(),
  /** Years of it. */
  education: z.int(),
});

export const jobInformation = topic('JobInformation', {
  schema: JobInformation,
  schemaVersion: 1,
  partitionBy: 'id',
  eventTime: 'at',
});

export const people = table('people', { schema: Person, key: 'id' });

/**
 * The wage of each person, predicted as their job information arrives, and joined with the personal
 * facts of a lookup table: one row per person.
 */
export const salary = definePipeline({
  name: 'salary',
  from: jobInformation,
  lookups: { person: lookup(people, { on: 'id', missing: 'null' }) },
  derive: {
    ageGroup: when(field('person.age').le(30), 'young')
      .when(field('person.age').le(45), 'midage')
      .when(field('person.age').gt(45), 'old')
      .otherwise(null),
    titleLength: field('jobTitle').length(),
  },
  scores: { prediction: model('salary', { missing: 'wait' }) },
  groupBy: ['id'],
  windows: { all: running() },
  aggregates: {
    jobTitle: last('jobTitle'),
    seniority: last('seniority'),
    ageGroup: last('ageGroup'),
    prediction: last('prediction'),
  },
  storage: { segmentSize: 64, buckets: 4 },
});

/**
 * Learned from people whose salary is known: the same columns, by the pipeline's own expressions.
 */
export const salaryModel = defineModel({
  name: 'salary',
  from: salary,
  features: [
    category('person.gender', { impute: 'mostFrequent' }),
    numeric('person.age'),
    numeric('person.education'),
    category('jobTitle'),
    category('seniority'),
    'yearsOfExperience',
    category('ageGroup', { impute: 'mostFrequent' }),
    'titleLength',
  ],
  target: 'salary',
  task: 'regression',
  estimator: randomForest({ trees: 60 }),
  grid: { maxDepth: [4, 8], minLeafRows: [2, 5, 10] },
  split: 'random',
});
