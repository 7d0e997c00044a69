import type { Pipeline } from '@bifold/core';
import {
  type BoundModels,
  bindingNameOf,
  type Receipt,
  type ResolveLookup,
  segmentOf,
  type Value,
  withModels,
} from '@bifold/core/engine';
import { loadModel, NO_VERSION } from '@bifold/engine';
import type { FittedModel } from '@bifold/models/engine';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';

type Bound = (partition: number, offset: number) => ResolveLookup;

/** The lookup rows and models that each segment is bound to. */
export async function boundLookups(
  context: Context,
  pipeline: Pipeline,
  receipt: Pick<Receipt, 'version' | 'topicId' | 'coverage'>,
): Promise<Bound> {
  const lookups = await boundRows(context, pipeline, receipt);
  if (pipeline.plan.models === undefined) return lookups;
  const models = await boundModels(context, pipeline, receipt);
  return (partition, offset) => withModels(lookups(partition, offset), models(partition, offset));
}

/**
 * The model versions that each segment is bound to, prepared for the pipeline as in the functions.
 */
async function boundModels(
  context: Context,
  { plan }: Pipeline,
  { version, topicId, coverage }: Pick<Receipt, 'version' | 'topicId' | 'coverage'>,
): Promise<(partition: number, offset: number) => BoundModels> {
  const { models = [] } = plan;
  const [registry, database] = [await context.models(), await context.database()];
  const bindings = database.bindings({ version, topicId });
  const loaded = new Map<string, FittedModel>();
  const bySegment = new Map<string, BoundModels>();
  for (const partition of Object.keys(coverage).map(Number)) {
    for (const [segment, versions] of await bindings.list(partition, 0, null)) {
      const fitted: (FittedModel | null)[] = [];
      for (const model of models) {
        const name = bindingNameOf(model);
        const bound = versions.get(name) ?? NO_VERSION;
        const known = loaded.get(`${name}|${bound}`);
        if (bound === NO_VERSION) fitted.push(null);
        else if (known !== undefined) fitted.push(known);
        else {
          const fittedModel = await loadModel(plan, model, bound, registry);
          loaded.set(`${name}|${bound}`, fittedModel);
          fitted.push(fittedModel);
        }
      }
      bySegment.set(`${partition}|${segment}`, fitted);
    }
  }
  return (partition, offset) => {
    const id = `${partition}|${segmentOf(offset, plan.storage.segmentSize)}`;
    const bound = bySegment.get(id);
    if (bound === undefined) throw unbound(plan.name, models[0]?.name ?? '', id);
    return bound;
  };
}

type LookupRows = ReadonlyMap<string, Readonly<Record<string, Value>>>;

/**
 * The lookup rows that each segment is bound to. Whole versions are read, because a version never
 * changes.
 */
async function boundRows(
  context: Context,
  { plan }: Pipeline,
  { version, topicId, coverage }: Pick<Receipt, 'version' | 'topicId' | 'coverage'>,
): Promise<Bound> {
  if (plan.lookups.length === 0) return () => () => null;
  const database = await context.database();
  const bindings = database.bindings({ version, topicId });
  const { lookups } = database;
  const loaded = new Map<string, Map<string, Readonly<Record<string, Value>>>>();
  const bySegment = new Map<string, readonly (LookupRows | null)[]>();
  for (const partition of Object.keys(coverage).map(Number)) {
    for (const [segment, versions] of await bindings.list(partition, 0, null)) {
      const rows: (LookupRows | null)[] = [];
      for (const { name, table } of plan.lookups) {
        const bound = versions.get(name);
        if (bound === undefined) {
          rows.push(null);
          continue;
        }
        const id = `${table}|${bound}`;
        let known = loaded.get(id);
        if (known === undefined) {
          known = new Map();
          for await (const [key, row] of lookups.allRows(table, bound)) known.set(key, row);
          loaded.set(id, known);
        }
        rows.push(known);
      }
      bySegment.set(`${partition}|${segment}`, rows);
    }
  }
  const resolvers = new Map<string, ResolveLookup>();
  return (partition, offset) => {
    const id = `${partition}|${segmentOf(offset, plan.storage.segmentSize)}`;
    let resolver = resolvers.get(id);
    if (resolver === undefined) {
      const rows = bySegment.get(id);
      resolver = (lookup, key) => {
        const table = rows?.[lookup];
        if (!table) throw unbound(plan.name, plan.lookups[lookup]?.name ?? '', id);
        return table.get(key) ?? null;
      };
      resolvers.set(id, resolver);
    }
    return resolver;
  };
}

function unbound(pipeline: string, lookup: string, segment: string): CliError {
  return new CliError('BIFOLD_BINDING_MISSING', {
    failed: `a segment that "${pipeline}" answers for has no version of "${lookup}" bound`,
    received: `partition and segment ${segment.replace('|', ', ')}`,
    allowed: 'a binding for each segment that holds an event',
    remedy: `if the database was lost or restored: npx bifold restore ${pipeline}; otherwise keep the state folder and report it`,
  });
}
