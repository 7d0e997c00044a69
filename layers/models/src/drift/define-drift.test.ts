import { count, definePipeline, model, repartition, running, sum, topic, tumbling } from '@bifold/core';
import { describe, expect, it } from '@jest/globals';
import { driftPlanOf } from '../engine.ts';
import { drift } from '../index.ts';
import { Ride, scored } from './rides.fixture.ts';

const fares = { name: 'fares', features: ['fare', { field: 'plane.seats' }, 'records', 'plane_seats'] };
const drifting = drift(scored, fares);

describe('a pipeline that counts drift', () => {
  const { plan } = drifting;

  it('takes the same records as the one that scores, in windows and rows of its own', () => {
    expect(plan).toMatchObject({ name: 'rides-drift', topic: 'rides', storage: { segmentSize: 32 } });
    for (const part of ['columns', 'derived', 'where', 'partitionBy', 'eventTime'] as const)
      expect(plan[part]).toEqual(scored.plan[part]);
    expect(plan.windows.map(({ name }) => name)).toEqual(['daily', 'ever']);
    expect(plan.models).toMatchObject([{ name: 'fares', missing: 'wait', features: { 'plane.seats': 'score' } }]);
    expect(plan.version).not.toBe(scored.plan.version);
    expect(Object.isFrozen(plan.aggregates[0])).toBe(true);
  });

  it('gives what it counts names that nobody else has', () => {
    expect(plan.groupBy).toEqual(['version_2']);
    expect(driftPlanOf(plan)).toEqual({
      model: 'fares',
      version: 'version_2',
      records: 'records',
      bins: [
        { aggregate: 'score', feature: null },
        { aggregate: 'fare', feature: 'fare' },
        { aggregate: 'plane_seats', feature: 'plane.seats' },
        { aggregate: 'records_2', feature: 'records' },
        { aggregate: 'plane_seats_2', feature: 'plane_seats' },
      ],
    });
  });

  it('takes a name, windows and storage of its own', () => {
    const own = drift(scored, fares, { name: 'watched', windows: { hourly: tumbling('1h') }, storage: { buckets: 1 } });
    expect(own.plan).toMatchObject({ name: 'watched', storage: { segmentSize: 32, buckets: 1 } });
    expect(own.plan.windows.map(({ name }) => name)).toEqual(['hourly']);
  });

  it('has a relay of its own where other topics make the log', () => {
    const moved = definePipeline({
      name: 'moved',
      from: repartition(
        topic('rides', { schema: Ride, schemaVersion: 1, partitionBy: 'city', eventTime: { field: 'at', unit: 'ms' } }),
        { by: 'score' },
      ),
      scores: { expected: model('fares') },
      groupBy: ['city'],
      windows: { ever: running() },
      aggregates: { total: sum('expected') },
    });
    const own = drift(moved, { name: 'fares', features: ['fare'] });
    expect(own.plan.relay).toEqual(moved.plan.relay);
    expect([own.plan.topic, own.schemas]).toEqual([expect.stringMatching(/^moved-drift-relay-/), moved.schemas]);
  });

  it('is refused where the model does not score, and where an option is none', () => {
    const refused = (code: string) => expect.objectContaining({ code });
    expect(() => drift(scored, { name: 'wages', features: ['fare'] })).toThrow(refused('BIFOLD_NOT_SCORED'));
    expect(() => drift(scored, fares, { window: {} } as never)).toThrow(refused('BIFOLD_UNKNOWN_OPTION'));
  });

  it('is known by its key, its count and its histograms', () => {
    expect(driftPlanOf(scored.plan)).toBeNull();
    const byHand = definePipeline({
      name: 'by-hand',
      from: topic('rides', {
        schema: Ride,
        schemaVersion: 1,
        partitionBy: 'city',
        eventTime: { field: 'at', unit: 'ms' },
      }),
      scores: { by: model('fares', { output: 'version' }), bin: model('fares', { output: 'bin', of: 'fare' }) },
      groupBy: ['by'],
      windows: { ever: running() },
      aggregates: { n: count() },
    });
    expect(driftPlanOf(byHand.plan)).toEqual({ model: 'fares', version: 'by', records: 'n', bins: [] });
  });
});
