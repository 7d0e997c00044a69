import { fieldsOf, type Plan } from '@bifold/core/engine';
import { trainingColumns } from '@bifold/functions/training';
import type { ModelDefinition } from '@bifold/models';
import { UsageError } from '../errors.ts';

/**
 * The columns of a training table from a file.
 *
 * @throws {UsageError} when its rows are divided by a time that it does not have
 */
export function wantedColumns(definition: ModelDefinition, hasTime: boolean): readonly string[] {
  if (definition.split === 'time' && !hasTime)
    throw new UsageError('BIFOLD_NO_EVENT_TIME', {
      failed: 'the rows cannot be divided by time',
      received: 'a file without the event time of a pipeline',
      allowed: "rows of a model that learns from a pipeline, or split: 'random'",
      remedy: "write split: 'random' in defineModel",
    });
  return trainingColumns(definition);
}

/** The derived columns of a plan that the features and the target need, in its order. */
export function neededDerived(plan: Plan, { features, target }: ModelDefinition): Plan['derived'] {
  const needed = new Set([...features.map(({ field }) => field), target]);
  for (const { name, expression } of [...plan.derived].reverse()) {
    if (needed.has(name)) for (const field of fieldsOf(expression)) needed.add(field);
  }
  return plan.derived.filter(({ name }) => needed.has(name));
}
