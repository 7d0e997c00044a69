import type { Arithmetic, Comparison, ExpressionNode, StringPredicate } from '../../plan/expression.ts';
import type { Nested } from '../aggregates/aggregate.ts';

type Literal = string | number | boolean;

/** Placeholder for the type of a field, until the topic of the definition is known. */
export interface FieldType<F extends string> {
  readonly '~field': F;
}

type SomeField = FieldType<string>;

/** Any expression: a number, a text, a boolean, or a field whose type is not known here. */
export type AnyExpression = Expression<unknown, never>;
type NumberExpression = Expression<number | null | SomeField, never>;
type TextExpression = Expression<string | null | SomeField, never>;
export type TruthExpression = Expression<boolean | null | SomeField, never>;

type NumberOperand = number | NumberExpression;
export type TextOperand = string | TextExpression;
type TruthOperand = boolean | TruthExpression;
export type AnyOperand = NumberOperand | TextOperand | TruthOperand;

export type ValueOf<O> = O extends Expression<infer V, never> ? V : O;

/** The type of an operand if it is known. `never` if it consists of fields only. */
type KnownOf<O> = Exclude<ValueOf<O>, null | SomeField>;

/** Operands of the same type as this one. Any operand if its type is not known yet. */
export type Like<O> = [KnownOf<O>] extends [never]
  ? AnyOperand
  : [KnownOf<O>] extends [number]
    ? NumberOperand
    : [KnownOf<O>] extends [string]
      ? TextOperand
      : [KnownOf<O>] extends [boolean]
        ? TruthOperand
        : AnyOperand;

/** The type that a field must have beside this operand. */
type Beside<O> = [KnownOf<O>] extends [never]
  ? unknown
  : [KnownOf<O>] extends [number]
    ? number
    : [KnownOf<O>] extends [string]
      ? string
      : [KnownOf<O>] extends [boolean]
        ? boolean
        : unknown;

/** The columns that a record must have for an operand of type `T`. */
export type Needs<O, T> = O extends Expression<infer V, infer In> ? In & FieldNeeds<V, T> : unknown;

type FieldNeeds<V, T> = V extends FieldType<infer F> ? FieldOf<F, T | null | undefined> : unknown;

/** Field names that are not literal types are checked when the definition loads. */
export type FieldOf<F extends string, T> = string extends F ? unknown : Nested<F, T>;

/**
 * A value computed from the columns of a record, such as `field('fare').times(2)`. Expressions
 * return null for null input unless a method says otherwise. All layers compute the same bits.
 *
 * @throws {DefinitionError} BIFOLD_BAD_EXPRESSION if the types of the operands do not fit
 * @throws {DefinitionError} BIFOLD_NOT_SCALAR if a field is nested or mixed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_FIELD if a field does not exist
 * @example
 * const isGenerous = field('tip').dividedBy(field('fare')).ge(0.2);
 * const isWeekend = field('at').dayOfWeek().ge(6);
 * const generous = definePipeline({
 *   ...perCity,
 *   derive: { isGenerous },
 *   where: isWeekend.and(field('city').isIn(['Berlin', 'Hamburg'])),
 *   aggregates: { rides: count({ where: 'isGenerous' }) },
 * });
 */
export class Expression<out Value, in In = unknown> {
  /** The expression as plain data. */
  readonly node: ExpressionNode;
  declare readonly '~value'?: Value;
  declare readonly '~in'?: (event: In) => void;

  constructor(node: ExpressionNode) {
    this.node = Object.freeze(node);
    Object.freeze(this);
  }

  /** True if the value is null, else false; never null. */
  isNull<S extends AnyExpression>(this: S): Expression<boolean, Needs<S, unknown>> {
    return new Expression({ kind: 'isNull', operand: this.node });
  }
  /** False if the value is null, else true; never null. */
  isNotNull<S extends AnyExpression>(this: S): Expression<boolean, Needs<S, unknown>> {
    return new Expression({ kind: 'not', operand: { kind: 'isNull', operand: this.node } });
  }
  /** The opposite of a boolean. */
  not<S extends TruthExpression>(this: S): Expression<TruthOf<S>, Needs<S, boolean>> {
    return new Expression({ kind: 'not', operand: this.node });
  }
  /** True if both are true. False if either is false, even if the other one is null. */
  and<S extends TruthExpression, O extends TruthExpression>(
    this: S,
    other: O,
  ): Expression<boolean | null, Needs<S, boolean> & Needs<O, boolean>> {
    return new Expression({ kind: 'and', left: this.node, right: other.node });
  }
  /** True if either is true, even if the other one is null. False if both are false. */
  or<S extends TruthExpression, O extends TruthExpression>(
    this: S,
    other: O,
  ): Expression<boolean | null, Needs<S, boolean> & Needs<O, boolean>> {
    return new Expression({ kind: 'or', left: this.node, right: other.node });
  }
  /** Whether the two values are equal. */
  eq<S extends AnyExpression, O extends Like<S>>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('=', this.node, other));
  }
  /** Whether the two values differ. */
  ne<S extends AnyExpression, O extends Like<S>>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('<>', this.node, other));
  }
  /** Whether a number is less than the other one. Texts have no order, since engines differ. */
  lt<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('<', this.node, other));
  }
  /** Whether a number is at most the other one. */
  le<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('<=', this.node, other));
  }
  /** Whether a number is greater than the other one. */
  gt<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('>', this.node, other));
  }
  /** Whether a number is at least the other one. */
  ge<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('>=', this.node, other));
  }
  /** Whether the value is one of these. The list contains no null. */
  isIn<S extends AnyExpression, const V extends Extract<Like<S>, Literal>>(
    this: S,
    values: readonly V[],
  ): Compared<S, V> {
    return new Expression({ kind: 'isIn', operand: this.node, values: Array.isArray(values) ? [...values] : values });
  }

  /**
   * The sum: an integer of two integers, null beyond ±(2^53 - 1), else a double, null if it is not
   * finite.
   */
  plus<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('+', this.node, other));
  }
  /** The difference, with the same limits as `plus`. */
  minus<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('-', this.node, other));
  }
  /** The product, with the same limits as `plus`. */
  times<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('*', this.node, other));
  }
  /** The quotient, always a double. Null for a zero divisor. */
  dividedBy<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('/', this.node, other));
  }
  /** The remainder, with the sign of the dividend. Null for a zero divisor. */
  modulo<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('%', this.node, other));
  }
  /** The absolute value. */
  abs<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'abs', operand: this.node });
  }
  /** The greatest whole number that is not above the value. */
  floor<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'floor', operand: this.node });
  }
  /** The least whole number that is not below the value. */
  ceil<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'ceil', operand: this.node });
  }
  /** The nearest whole number, halves away from zero. */
  round<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'round', operand: this.node });
  }
  /** The square root. Null for a value below zero. */
  sqrt<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'sqrt', operand: this.node });
  }

  /** The number of characters (Unicode code points) of a text. */
  length<S extends TextExpression>(this: S): Expression<number | null, Needs<S, string>> {
    return new Expression({ kind: 'length', operand: this.node });
  }
  /** The text from character `start`, counted from 0, with at most `length` characters. */
  substring<S extends TextExpression>(
    this: S,
    start: number,
    length?: number,
  ): Expression<string | null, Needs<S, string>> {
    return new Expression({
      kind: 'substring',
      operand: this.node,
      start,
      ...(length === undefined ? {} : { length }),
    });
  }
  /** Whether a text begins with the other one. */
  startsWith<S extends TextExpression, O extends TextOperand>(this: S, part: O): Tested<S, O> {
    return new Expression(stringPredicate('startsWith', this.node, part));
  }
  /** Whether a text ends with the other one. */
  endsWith<S extends TextExpression, O extends TextOperand>(this: S, part: O): Tested<S, O> {
    return new Expression(stringPredicate('endsWith', this.node, part));
  }
  /** Whether the other text occurs in this one. */
  contains<S extends TextExpression, O extends TextOperand>(this: S, part: O): Tested<S, O> {
    return new Expression(stringPredicate('contains', this.node, part));
  }
  /**
   * The text with the letters A to Z in lower case. Others stay, since engines differ about them.
   */
  lower<S extends TextExpression>(this: S): Expression<string | null, Needs<S, string>> {
    return new Expression({ kind: 'changeCase', to: 'lower', operand: this.node });
  }
  /** The text with the letters a to z in upper case. Others stay. */
  upper<S extends TextExpression>(this: S): Expression<string | null, Needs<S, string>> {
    return new Expression({ kind: 'changeCase', to: 'upper', operand: this.node });
  }

  /** The year of a timestamp, in UTC, as all parts below. */
  year<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'year', operand: this.node });
  }
  /** The month, from 1 to 12. */
  month<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'month', operand: this.node });
  }
  /** The day of the month, from 1. */
  day<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'day', operand: this.node });
  }
  /** The hour, from 0 to 23. */
  hour<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'hour', operand: this.node });
  }
  /** The minute, from 0 to 59. */
  minute<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'minute', operand: this.node });
  }
  /** The second, from 0 to 59, without its fraction. */
  second<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'second', operand: this.node });
  }
  /** The day of the week, from 1, a Monday, to 7, a Sunday. */
  dayOfWeek<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'dayOfWeek', operand: this.node });
  }
  /** The milliseconds since the epoch, 1970-01-01T00:00:00Z. */
  epochMs<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'epochMs', operand: this.node });
  }
}

type TruthOf<S> = null extends ValueOf<S> ? boolean | null : ValueOf<S> extends SomeField ? boolean | null : boolean;
type Compared<S, O> = Expression<boolean | null, Needs<S, Beside<O>> & Needs<O, Beside<S>>>;
type Computed<S, O> = Expression<number | null, Needs<S, number> & Needs<O, number>>;
type Tested<S, O> = Expression<boolean | null, Needs<S, string> & Needs<O, string>>;
type TimePartOf<S> = Expression<number | null, Needs<S, string | Date>>;

function comparison(operator: Comparison, left: ExpressionNode, other: unknown): ExpressionNode {
  return { kind: 'compare', operator, left, right: operandNode(other) };
}

function arithmetic(operator: Arithmetic, left: ExpressionNode, other: unknown): ExpressionNode {
  return { kind: 'arithmetic', operator, left, right: operandNode(other) };
}

function stringPredicate(test: StringPredicate, operand: ExpressionNode, part: unknown): ExpressionNode {
  return { kind: 'stringPredicate', test, operand, part: operandNode(part) };
}

/**
 * Values are not checked here, but when the definition that contains them is planned. -0 becomes 0.
 */
export function operandNode(operand: unknown): ExpressionNode {
  if (operand instanceof Expression) return operand.node;
  return { kind: 'literal', value: Object.is(operand, -0) ? 0 : (operand as Literal | null) };
}
