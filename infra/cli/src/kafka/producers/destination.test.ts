import { count, definePipeline, repartition, running, topic } from '@bifold/core';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { UsageError } from '../../errors.ts';
import { destinationOf } from './destination.ts';

const Ride = z.object({ at: z.iso.datetime(), city: z.string(), driver: z.string(), tip: z.number().optional() });

const ridesBy = (partitionBy: 'city' | 'driver') =>
  topic('rides', { schema: Ride, schemaVersion: 1, partitionBy, eventTime: 'at' });

const pipeline = (
  name: string,
  from: ReturnType<typeof ridesBy> | ReturnType<typeof repartition<z.infer<typeof Ride>>>,
) => definePipeline({ name, from, groupBy: ['city'], windows: { ever: running() }, aggregates: { rides: count() } });

const perCity = pipeline('per-city', ridesBy('city'));
const alsoPerCity = pipeline('also-per-city', ridesBy('city'));
const perDriver = pipeline('per-driver', ridesBy('driver'));
const relayed = pipeline('relayed', repartition(ridesBy('city'), { by: 'driver' }));

const refusedWith = (code: string, ...[pipelines, target, key]: Parameters<typeof destinationOf>): string => {
  try {
    destinationOf(pipelines, target, key);
  } catch (error) {
    if (error instanceof UsageError && error.code === code) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
};

describe('the key of records', () => {
  it.each([
    ['the pipeline is named', [perCity], 'per-city'],
    ['the topic is named', [perCity], 'rides'],
    ['two pipelines agree', [perCity, alsoPerCity], 'rides'],
    ['the topic is only the source of a relay', [relayed], 'rides'],
  ])('is the partitionBy of the definition if %s', (_, pipelines, target) => {
    const { topic, keyField, isKeyDeclared, optional, columns, warnings } = destinationOf(pipelines, target, null);
    expect([topic, keyField, isKeyDeclared, [...optional], warnings]).toEqual(['rides', 'city', true, ['tip'], []]);
    expect(columns?.map(({ name }) => name)).toEqual(['at', 'city', 'driver', 'tip']);
  });

  it('is none of a topic that no pipeline reads, unless it is given', () => {
    const undeclared = { topic: 'notes', log: null, columns: null, isKeyDeclared: false, warnings: [] };
    expect(destinationOf([perCity], 'notes', null)).toMatchObject({ ...undeclared, keyField: null });
    expect(destinationOf([perCity], 'notes', 'id')).toMatchObject({ ...undeclared, keyField: 'id' });
  });

  it('is refused if it is not that of the definition', () => {
    expect(refusedWith('BIFOLD_OTHER_KEY', [perCity], 'rides', 'driver')).toContain('"city" (pipeline "per-city")');
  });

  it('may be another for a topic that a relay partitions anew, and this is told', () => {
    const { keyField, warnings } = destinationOf([relayed], 'rides', 'driver');
    expect([keyField, warnings]).toEqual(['driver', [expect.stringContaining('pipeline "relayed"')]]);
  });
});

describe('pipelines that partition one topic by different fields', () => {
  const both = [perCity, perDriver];

  it('are refused where only the topic is named', () => {
    const message = refusedWith('BIFOLD_KEYS_DISAGREE', both, 'rides', null);
    expect(message).toContain('"city" (pipeline "per-city"), "driver" (pipeline "per-driver")');
  });

  it.each([
    ['--key', 'rides', 'driver', 'per-city'],
    ['the name of one of them', 'per-driver', null, 'per-city'],
    ['--key, beside the name of another', 'per-city', 'driver', 'per-city'],
  ])('are decided by %s, and the other is told', (_, target, key, other) => {
    const { keyField, warnings } = destinationOf(both, target, key);
    expect([keyField, warnings]).toEqual(['driver', [expect.stringContaining(`pipeline "${other}"`)]]);
  });
});

it('the log of a relay is refused', () => {
  expect(refusedWith('BIFOLD_RELAYED_LOG', [relayed], 'relayed', null)).toContain('produce rides');
  expect(refusedWith('BIFOLD_RELAYED_LOG', [relayed], relayed.plan.topic, null)).toContain('produce rides');
});
