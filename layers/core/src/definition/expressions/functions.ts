import {
  type AnyOperand,
  Expression,
  type FieldOf,
  type FieldType,
  type Needs,
  operandNode,
  type TextOperand,
  type ValueOf,
} from './expression.ts';

/**
 * Reads a column: a field of the record, of a lookup (`driver_row.since`), of a model, or a column
 * derived earlier. Null if the record lacks the field.
 *
 * @param name - the name of the column
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if the column does not exist
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if the field is nested or mixed
 * @example
 * const cents = definePipeline({
 *   ...perCity,
 *   derive: { cents: field('fare').times(100).round() },
 *   aggregates: { total: sum('cents') },
 * });
 */
export function field<const F extends string>(name: F): Expression<FieldType<F>, FieldOf<F, unknown>> {
  return new Expression({ kind: 'field', field: name });
}

/**
 * The first of these values that is not null. Null if all are null.
 *
 * @param operands - two or more expressions or values of one type
 * @throws {DefinitionError} BIFOLD_BAD_EXPRESSION if the types differ, or there are too few
 *   operands
 * @example
 * const tips = definePipeline({
 *   ...perCity,
 *   derive: { tipOrZero: coalesce(field('tip'), 0) },
 *   aggregates: { mean: mean('tipOrZero') },
 * });
 */
export function coalesce<const O extends readonly [AnyOperand, AnyOperand, ...AnyOperand[]]>(
  ...operands: O
): Expression<ValueOf<O[number]>, AllOf<{ [K in keyof O]: Needs<O[K], unknown> }>> {
  return new Expression({ kind: 'coalesce', operands: operands.map(operandNode) });
}

/**
 * Joins texts, one after another. Null if any part is null.
 *
 * @param operands - one or more expressions of text, or texts
 * @throws {DefinitionError} BIFOLD_BAD_EXPRESSION if an operand is not text
 * @example
 * const routes = definePipeline({
 *   ...perCity,
 *   derive: { shift: concat(field('city'), '/', field('driver')) },
 *   aggregates: { shifts: distinct('shift') },
 * });
 */
export function concat<const O extends readonly [TextOperand, ...TextOperand[]]>(
  ...operands: O
): Expression<string | null, AllOf<{ [K in keyof O]: Needs<O[K], string> }>> {
  return new Expression({ kind: 'concat', operands: operands.map(operandNode) });
}

/** The columns that all of these need. */
type AllOf<T extends readonly unknown[]> = T extends readonly [infer First, ...infer Rest]
  ? First & AllOf<Rest>
  : unknown;
