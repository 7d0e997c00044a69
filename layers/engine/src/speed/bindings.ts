import { type Binding, type BindingStore, type LookupStore, type Plan, ProtocolError } from '@bifold/core/engine';

/** The cached bindings of a warm function, within one scope. A binding never changes. */
export type WarmBindings = Map<string, string>;

/** A lookup table or a model. Each segment is bound to one version of it. */
export interface Bindable {
  /** The name under which the version is stored. */
  readonly name: string;
  /** The version to bind segments to. Called only if some segment is not bound yet. */
  candidate(): Promise<string>;
}

/** The version of a name that a segment is bound to. */
export type BoundVersion = (segment: number, name: string) => string;

const REMEMBERED_MAX = 10_000;

/**
 * Rule 13: binds the version of each name for each of these segments, before the first record of
 * the segment is folded. One conditional write binds all of them, since conditional writes to one
 * partition run one after another.
 */
export async function bindSegments(
  partition: number,
  segments: readonly number[],
  names: readonly Bindable[],
  bindings: BindingStore,
  warm: WarmBindings,
): Promise<BoundVersion> {
  const bound = new Map<string, string>();
  const idOf = (segment: number, name: string) => `${partition}|${segment}|${name}`;
  const unknown = segments.filter((segment) => names.some(({ name }) => !warm.has(idOf(segment, name))));
  if (unknown.length > 0) {
    const first = unknown.reduce((least, segment) => Math.min(least, segment));
    const last = unknown.reduce((largest, segment) => Math.max(largest, segment));
    const stored = await bindings.list(partition, first, last + 1);
    const wanted: Binding[] = [];
    for (const { name, candidate } of names) {
      const unbound = unknown.filter((segment) => stored.get(segment)?.get(name) === undefined);
      if (unbound.length === 0) continue;
      const version = await candidate();
      wanted.push(...unbound.map((segment) => ({ segment, name, version })));
    }
    const stands = wanted.length === 0 ? [] : await bindings.bind(partition, wanted);
    for (const [index, { segment, name }] of wanted.entries()) bound.set(idOf(segment, name), stands[index] as string);
    for (const segment of unknown)
      for (const [name, version] of stored.get(segment) ?? []) bound.set(idOf(segment, name), version);
  }
  for (const segment of segments) {
    for (const { name } of names) {
      const id = idOf(segment, name);
      if (!bound.has(id)) bound.set(id, warm.get(id) as string);
    }
  }
  if (warm.size + bound.size > REMEMBERED_MAX) warm.clear();
  for (const [id, version] of bound) warm.set(id, version);
  return (segment, name) => bound.get(idOf(segment, name)) as string;
}

/** The lookup tables of a plan, each with its current version as the candidate. */
export function bindableLookups(plan: Plan, lookups: Pick<LookupStore, 'currentVersion'>): readonly Bindable[] {
  return plan.lookups.map(({ name, table }) => ({
    name,
    async candidate() {
      const current = await lookups.currentVersion(table);
      if (current !== null) return current;
      throw new ProtocolError('BIFOLD_LOOKUP_EMPTY', {
        failed: `records cannot be folded: lookup table "${table}" was never loaded`,
        received: 'no version',
        allowed: 'one version or more',
        remedy: `load it: npx bifold lookup load ${table} --file <csv or json lines>; the records wait and are retried`,
      });
    },
  }));
}
