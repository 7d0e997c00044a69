import { bindingNameOf } from '../definition/planning-models.ts';
import { segmentEnd, segmentStart } from '../fold/segment.ts';
import type { Plan } from '../plan/plan.ts';
import type { Coverage } from './coverage.ts';
import type { ModelVersions } from './receipt.ts';

/**
 * The versions that covered segments are bound to, by score. @param bindings by partition: segment
 * -> name -> version
 */
export function boundModels(
  { models = [], storage }: Pick<Plan, 'models' | 'storage'>,
  coverage: Coverage,
  bindings: ReadonlyMap<string, ReadonlyMap<number, ReadonlyMap<string, string>>>,
): ModelVersions {
  const found = new Map(models.map((model) => [bindingNameOf(model), new Set<string>()]));
  for (const [partition, ranges] of Object.entries(coverage)) {
    for (const [segment, names] of bindings.get(partition) ?? []) {
      const start = segmentStart(segment, storage.segmentSize);
      const end = segmentEnd(segment, storage.segmentSize);
      if (!ranges.some(([from, to]) => from < end && start < to)) continue;
      for (const [name, version] of names) found.get(name)?.add(version);
    }
  }
  return Object.fromEntries(
    models
      .flatMap((model) =>
        model.columns.map(({ name }) => [name, [...(found.get(bindingNameOf(model)) ?? [])].sort()] as const),
      )
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  );
}
