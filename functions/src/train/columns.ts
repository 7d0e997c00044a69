import { type ModelDefinition, quoted } from '@bifold/core';

/** The columns of a training table: features, target, and the time where rows are divided by it. */
export function trainingColumns({ features, target, split }: ModelDefinition): readonly string[] {
  const time = split === 'time' ? ['_event_time_ms'] : [];
  return [...features.map(({ field }) => field), target, ...time].map(quoted);
}
