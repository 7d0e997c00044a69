import { quoted } from '@bifold/core/engine';
import type { ModelDefinition } from '@bifold/models';

/**
 * The columns of a training table: features, target, and the event time if rows are split by time.
 */
export function trainingColumns({ features, target, split }: ModelDefinition): readonly string[] {
  const time = split === 'time' ? ['_event_time_ms'] : [];
  return [...features.map(({ field }) => field), target, ...time].map(quoted);
}
