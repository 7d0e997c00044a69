import { fieldsOf, type ModelDefinition, type Plan, quoted } from '@bifold/core';
import { UsageError } from '../errors.ts';

/** The columns of a training table: features, target, and the time where rows are divided by it. */
export function wantedColumns({ features, target, split }: ModelDefinition, hasTime: boolean): readonly string[] {
  if (split === 'time' && !hasTime)
    throw new UsageError('BIFOLD_NO_EVENT_TIME', {
      failed: 'the rows cannot be divided by time',
      received: 'a file without the event time of a pipeline',
      allowed: "rows of a model that learns from a pipeline, or split: 'random'",
      remedy: "write split: 'random' in defineModel",
    });
  const time = split === 'time' ? ['_event_time_ms'] : [];
  return [...features.map(({ field }) => field), target, ...time].map(quoted);
}

/** What of a plan's derived columns the features and the target need, in its order. */
export function neededDerived(plan: Plan, { features, target }: ModelDefinition): Plan['derived'] {
  const needed = new Set([...features.map(({ field }) => field), target]);
  for (const { name, expression } of [...plan.derived].reverse()) {
    if (needed.has(name)) for (const field of fieldsOf(expression)) needed.add(field);
  }
  return plan.derived.filter(({ name }) => needed.has(name));
}
