import type { ColumnType } from '../plan/column.ts';
import type { ModelOutput, ModelPlan } from '../plan/model.ts';
import { canonicalJson } from '../plan/version.ts';
import { checkIdentifier } from './identifier.ts';
import type { Model } from './operators/model.ts';
import { type ColumnScope, refuse } from './scope.ts';

const TYPES: Readonly<Record<ModelOutput, ColumnType>> = {
  number: 'double',
  text: 'text',
  integer: 'integer',
  probability: 'double',
  version: 'text',
  bin: 'integer',
};

/**
 * The models of a definition, each with the columns that it fills. `scope` holds what models may
 * read, and gets their columns.
 */
export function planModels(scores: Readonly<Record<string, Model<unknown>>>, scope: ColumnScope): readonly ModelPlan[] {
  const models = new Map<string, ModelPlan>();
  const added: (readonly [string, ColumnType])[] = [];
  for (const [column, score] of Object.entries(scores)) {
    checkIdentifier(`a score of ${scope.where}`, column);
    const { name, output, of, shadow, features, missing } = checkScore(column, score, scope);
    for (const [feature, field] of Object.entries(features)) {
      if (scope.type(field, `scores.${column}.features`) === 'json')
        refuse('BIFOLD_NOT_SCALAR', {
          failed: `${scope.where} reads "${field}" as the feature "${feature}" of model "${name}"`,
          received: 'a nested or mixed value',
          allowed: 'text, number, boolean or timestamp fields',
          remedy: 'give the field one scalar type in the schema',
        });
    }
    const id = bindingNameOf({ name, shadow });
    const known = models.get(id);
    if (known && (known.missing !== missing || canonicalJson(known.features) !== canonicalJson(features)))
      refuse('BIFOLD_BAD_SCORE', {
        failed: `${scope.where} scores with model "${name}" twice, in two ways`,
        received: `scores.${column}`,
        allowed: 'the same features and the same missing in all columns of one model',
        remedy: 'write them alike',
      });
    const type = TYPES[output];
    const columns = [...(known?.columns ?? []), { name: column, output, of, type }];
    models.set(id, { name, shadow, missing, features: { ...features }, columns });
    added.push([column, type]);
  }
  for (const [column, type] of added) scope.add(column, type);
  return [...models.values()];
}

function checkScore(column: string, score: Model<unknown>, scope: ColumnScope): Model<unknown> {
  const bad = (received: string, allowed: string): never =>
    refuse('BIFOLD_BAD_SCORE', {
      failed: `${scope.where} has a score "${column}" that cannot be given`,
      received,
      allowed,
      remedy: 'write it in that form',
    });
  if (typeof score?.name !== 'string') return bad(JSON.stringify(score) ?? String(score), "model('name')");
  if (!Object.hasOwn(TYPES, score.output))
    bad(
      `output: ${JSON.stringify(score.output)}`,
      Object.keys(TYPES)
        .map((each) => `"${each}"`)
        .join(', '),
    );
  if (score.missing !== 'null' && score.missing !== 'wait')
    bad(`missing: ${JSON.stringify(score.missing)}`, '"null", "wait"');
  if (score.of !== null && score.output !== 'probability' && score.output !== 'bin')
    bad(
      `of: ${JSON.stringify(score.of)} beside output: "${score.output}"`,
      'of: a class, where the probability is given; of: a feature, where its bin is',
    );
  return score;
}

/**
 * The name under which the version of a model is bound to a segment. No lookup can have this name.
 */
export function bindingNameOf({ name, shadow }: Pick<ModelPlan, 'name' | 'shadow'>): string {
  return `model:${name}${shadow ? ':shadow' : ''}`;
}
