import type { Aggregate, Pipeline, Window } from '@bifold/core';
import { count, histogram, model, running, tumbling } from '@bifold/core';
import type { Model, ModelOutput, Plan, StoragePlan } from '@bifold/core/engine';
import {
  ColumnScope,
  checkResourceName,
  deepFreeze,
  planAggregation,
  planModels,
  planStorage,
  refuse,
  refuseUnknownOptions,
  relayTopic,
  scoresOf,
  versionOf,
} from '@bifold/core/engine';
import { BINS_MAX } from '../model-file/distribution.ts';

/**
 * The model whose drift is measured: the result of `defineModel`, or the name and features of a
 * model that was trained elsewhere.
 */
interface DriftingModel {
  /** The name of the model in the registry. */
  readonly name: string;
  /** The columns whose distributions are compared. */
  readonly features: readonly (string | { readonly field: string })[];
}

interface Options<W> {
  /** Default: the name of the pipeline with the suffix `-drift`. */
  readonly name?: string;
  /** Default: `{ daily: tumbling('1d'), ever: running() }`. */
  readonly windows?: W;
  /** Default: the storage of the pipeline. */
  readonly storage?: Partial<StoragePlan>;
}

const KNOWN_OPTIONS = ['name', 'windows', 'storage'];
const WINDOWS = { daily: tumbling('1d'), ever: running() };
/**
 * Edges between bin numbers, so that each bin has its own count. The values of a bin depend on the
 * version that scored.
 */
const BIN_EDGES: readonly number[] = Array.from({ length: BINS_MAX - 1 }, (_, index) => index + 1);

/**
 * A pipeline that measures how far a stream has drifted from a model's training data. For each
 * version of the model it keeps one histogram of the score and one for each feature. The bins are
 * those of the version's own training data. Nulls have a separate count.
 *
 * @param pipeline - the pipeline that scores with the model
 * @param drifting - the model: the result of `defineModel`, or its name and features
 * @param options - the name, windows and storage of the new pipeline
 * @throws {DefinitionError} BIFOLD_NOT_SCORED if the pipeline does not score with the model
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * const scored = definePipeline({
 *   ...perCity,
 *   scores: { expectedFare: model('fare') },
 *   aggregates: { expected: mean('expectedFare') },
 * });
 * const fareDrift = drift(scored, { name: 'fare', features: ['minutes', 'city'] });
 */
export function drift<const W extends Readonly<Record<string, Window>> = typeof WINDOWS>(
  pipeline: Pipeline,
  drifting: DriftingModel,
  options: Options<W> = {},
): Pipeline<Readonly<Record<string, string>>, keyof W & string, Readonly<Record<string, number | readonly number[]>>> {
  const { plan: scored, schema, schemas, topics } = pipeline;
  const name = checkResourceName('a pipeline', options.name ?? `${scored.name}-drift`);
  const where = `pipeline "${name}"`;
  refuseUnknownOptions(where, options, KNOWN_OPTIONS);
  const watched = scored.models?.find((each) => each.name === drifting.name && !each.shadow);
  if (watched === undefined)
    return refuse('BIFOLD_NOT_SCORED', {
      failed: `${where} looks for drift of model "${drifting.name}" in "${scored.name}", which does not score with it`,
      received: (scored.models ?? []).map((each) => `"${each.name}"`).join(', ') || 'a pipeline that scores nothing',
      allowed: 'a pipeline that scores with the model',
      remedy: `add scores: { expected: model('${drifting.name}') } to "${scored.name}", or name another model`,
    });

  const scope = scopeOf(where, scored);
  const columnName = distinctNames([
    ...scored.columns.map((column) => column.name),
    ...scored.lookups.map((each) => each.name),
    ...scored.derived.map((column) => column.name),
    ...scoresOf(scored).map((column) => column.name),
  ]);
  const { features, missing } = watched;
  const added = (output: ModelOutput, of?: string): Model<unknown> =>
    model(watched.name, { output: output as never, ...(of === undefined ? {} : { of }), features, missing });
  const version = columnName('version');
  const rowName = distinctNames(['window', version]);
  const scores: Record<string, Model<unknown>> = { ...scoresAsWritten(scored), [version]: added('version') };
  const aggregates: Record<string, Aggregate<never, unknown>> = { [rowName('records')]: count() };
  const countBins = (shown: string, of?: string): void => {
    const column = columnName(`${shown}_bin`);
    scores[column] = added('bin', of);
    aggregates[rowName(shown)] = histogram(column, BIN_EDGES);
  };
  countBins('score');
  for (const feature of drifting.features) {
    const field = typeof feature === 'string' ? feature : feature.field;
    countBins(asIdentifier(field), field);
  }

  const plan: Omit<Plan, 'version'> = {
    ...withoutVersion(scored),
    name,
    // A separate topic, because one relay writes one topic.
    ...(scored.relay === undefined ? {} : { topic: relayTopic(name, scored.relay, scored.columns) }),
    models: planModels(scores, scope),
    ...planAggregation({ groupBy: [version], windows: options.windows ?? WINDOWS, aggregates }, scope),
    storage: planStorage(where, { ...scored.storage, ...options.storage }),
  };
  return Object.freeze({
    plan: deepFreeze({ ...plan, version: versionOf(plan) }),
    schema,
    ...(schemas === undefined ? {} : { schemas }),
    topics,
  });
}

function withoutVersion({ version: _, ...plan }: Plan): Omit<Plan, 'version'> {
  return plan;
}

/** All names of a plan except its scores, which are planned again. */
function scopeOf(where: string, { columns, lookups, derived }: Plan): ColumnScope {
  const scope = new ColumnScope(where, columns);
  for (const lookup of lookups) {
    scope.claim(lookup.name);
    for (const column of lookup.columns) scope.add(`${lookup.name}.${column.name}`, column.type);
  }
  for (const { name, type } of derived) scope.add(name, type);
  return scope;
}

function scoresAsWritten({ models = [] }: Plan): Readonly<Record<string, Model<unknown>>> {
  return Object.fromEntries(
    models.flatMap(({ name, shadow, missing, features, columns }) =>
      columns.map((column) => [
        column.name,
        model(name, {
          output: column.output as never,
          shadow,
          missing,
          features,
          ...(column.of === null ? {} : { of: column.of }),
        }),
      ]),
    ),
  );
}

const IDENTIFIER_LENGTH = 48;

/** `plane.seats` as `plane_seats`. */
function asIdentifier(field: string): string {
  const plain = field.replaceAll(/[^A-Za-z0-9_]/g, '_').slice(0, IDENTIFIER_LENGTH);
  return /^[A-Za-z]/.test(plain) ? plain : `f_${plain}`;
}

/**
 * Returns a function that makes names unique by a number. Names that differ only in case count as
 * equal.
 */
function distinctNames(names: readonly string[]): (wanted: string) => string {
  const taken = new Set(names.map((each) => each.toLowerCase()));
  return (wanted) => {
    let name = wanted;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted}_${number}`;
    taken.add(name.toLowerCase());
    return name;
  };
}
