import type { Arithmetic, Branch, Comparison, ExpressionNode, TextTest } from '../plan/expression.ts';
import type { Nested } from './aggregate.ts';

type Literal = string | number | boolean;

/** Stands for the type of a field until the definition's topic tells it. */
export interface FieldType<F extends string> {
  readonly '~field': F;
}
type SomeField = FieldType<string>;

/**
 * Any expression, whatever it reads; one of numbers, of text, of truths, or a field, whose type is
 * not known here.
 */
export type AnyExpression = Expression<unknown, never>;
type NumberExpression = Expression<number | null | SomeField, never>;
type TextExpression = Expression<string | null | SomeField, never>;
type TruthExpression = Expression<boolean | null | SomeField, never>;

type NumberOperand = number | NumberExpression;
type TextOperand = string | TextExpression;
type TruthOperand = boolean | TruthExpression;
type AnyOperand = NumberOperand | TextOperand | TruthOperand;

type ValueOf<O> = O extends Expression<infer V, never> ? V : O;
/** The type of an operand where it is known; `never` of fields alone. */
type KnownOf<O> = Exclude<ValueOf<O>, null | SomeField>;
/** Operands of the type that this one has; any where it has none yet. */
type Like<O> = [KnownOf<O>] extends [never]
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
/** What a record must have for an operand that is to be of type `T`. */
type Needs<O, T> = O extends Expression<infer V, infer In> ? In & FieldNeeds<V, T> : unknown;
type FieldNeeds<V, T> = V extends FieldType<infer F> ? FieldOf<F, T | null | undefined> : unknown;
/** Names that are not known when it compiles are checked when the definition loads. */
type FieldOf<F extends string, T> = string extends F ? unknown : Nested<F, T>;

/**
 * Sugar over the tree. `Value` is the TypeScript type of what it computes, `In` what a record must
 * have for that.
 */
export class Expression<out Value, in In = unknown> {
  readonly node: ExpressionNode;
  declare readonly '~value'?: Value;
  declare readonly '~in'?: (event: In) => void;

  constructor(node: ExpressionNode) {
    this.node = Object.freeze(node);
    Object.freeze(this);
  }

  isNull<S extends AnyExpression>(this: S): Expression<boolean, Needs<S, unknown>> {
    return new Expression({ kind: 'isNull', operand: this.node });
  }
  isNotNull<S extends AnyExpression>(this: S): Expression<boolean, Needs<S, unknown>> {
    return new Expression({ kind: 'not', operand: { kind: 'isNull', operand: this.node } });
  }
  not<S extends TruthExpression>(this: S): Expression<TruthOf<S>, Needs<S, boolean>> {
    return new Expression({ kind: 'not', operand: this.node });
  }
  and<S extends TruthExpression, O extends TruthExpression>(
    this: S,
    other: O,
  ): Expression<boolean | null, Needs<S, boolean> & Needs<O, boolean>> {
    return new Expression({ kind: 'and', left: this.node, right: other.node });
  }
  or<S extends TruthExpression, O extends TruthExpression>(
    this: S,
    other: O,
  ): Expression<boolean | null, Needs<S, boolean> & Needs<O, boolean>> {
    return new Expression({ kind: 'or', left: this.node, right: other.node });
  }
  eq<S extends AnyExpression, O extends Like<S>>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('=', this.node, other));
  }
  ne<S extends AnyExpression, O extends Like<S>>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('<>', this.node, other));
  }
  lt<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('<', this.node, other));
  }
  le<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('<=', this.node, other));
  }
  gt<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('>', this.node, other));
  }
  ge<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Compared<S, O> {
    return new Expression(comparison('>=', this.node, other));
  }
  /** Whether it is one of these values. */
  isIn<S extends AnyExpression, const V extends Extract<Like<S>, Literal>>(
    this: S,
    values: readonly V[],
  ): Compared<S, V> {
    return new Expression({ kind: 'isIn', operand: this.node, values: Array.isArray(values) ? [...values] : values });
  }

  /**
   * Of two integers an integer, null beyond ±(2^53 - 1); else a double, null where it is not
   * finite. So are `minus` and `times`.
   */
  plus<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('+', this.node, other));
  }
  minus<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('-', this.node, other));
  }
  times<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('*', this.node, other));
  }
  /** Always a double; null where it is divided by zero. */
  dividedBy<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('/', this.node, other));
  }
  /** What is left by division, with the sign of the dividend; null where it is divided by zero. */
  modulo<S extends NumberExpression, O extends NumberOperand>(this: S, other: O): Computed<S, O> {
    return new Expression(arithmetic('%', this.node, other));
  }
  abs<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'abs', operand: this.node });
  }
  floor<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'floor', operand: this.node });
  }
  ceil<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'ceil', operand: this.node });
  }
  /** To the nearest whole number, halves away from zero. */
  round<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'round', operand: this.node });
  }
  /** Null of what is below zero. */
  sqrt<S extends NumberExpression>(this: S): Computed<S, number> {
    return new Expression({ kind: 'mathFunction', function: 'sqrt', operand: this.node });
  }

  /** In characters (Unicode code points). */
  length<S extends TextExpression>(this: S): Expression<number | null, Needs<S, string>> {
    return new Expression({ kind: 'length', operand: this.node });
  }
  /** From character `start` on, counted from 0: so many characters, or all up to the end. */
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
  startsWith<S extends TextExpression, O extends TextOperand>(this: S, part: O): Tested<S, O> {
    return new Expression(textTest('startsWith', this.node, part));
  }
  endsWith<S extends TextExpression, O extends TextOperand>(this: S, part: O): Tested<S, O> {
    return new Expression(textTest('endsWith', this.node, part));
  }
  contains<S extends TextExpression, O extends TextOperand>(this: S, part: O): Tested<S, O> {
    return new Expression(textTest('contains', this.node, part));
  }
  /**
   * The letters A to Z in lower case; others stay, since engines differ in what they make of them.
   */
  lower<S extends TextExpression>(this: S): Expression<string | null, Needs<S, string>> {
    return new Expression({ kind: 'changeCase', to: 'lower', operand: this.node });
  }
  /** The letters a to z in upper case; others stay. */
  upper<S extends TextExpression>(this: S): Expression<string | null, Needs<S, string>> {
    return new Expression({ kind: 'changeCase', to: 'upper', operand: this.node });
  }

  /** Of a timestamp, in UTC, as are the parts below. */
  year<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'year', operand: this.node });
  }
  /** From 1 to 12. */
  month<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'month', operand: this.node });
  }
  /** Of the month, from 1. */
  day<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'day', operand: this.node });
  }
  hour<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'hour', operand: this.node });
  }
  minute<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'minute', operand: this.node });
  }
  second<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'second', operand: this.node });
  }
  /** From 1, a Monday, to 7, a Sunday. */
  dayOfWeek<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'dayOfWeek', operand: this.node });
  }
  /** Milliseconds since 1970. */
  epochMs<S extends TextExpression>(this: S): TimePartOf<S> {
    return new Expression({ kind: 'timePart', part: 'epochMs', operand: this.node });
  }
}

type TruthOf<S> = null extends ValueOf<S> ? boolean | null : ValueOf<S> extends SomeField ? boolean | null : boolean;
type Compared<S, O> = Expression<boolean | null, Needs<S, Beside<O>> & Needs<O, Beside<S>>>;
type Computed<S, O> = Expression<number | null, Needs<S, number> & Needs<O, number>>;
type Tested<S, O> = Expression<boolean | null, Needs<S, string> & Needs<O, string>>;
type TimePartOf<S> = Expression<number | null, Needs<S, string | Date>>;

/** A field of the record, of a lookup (`'plane.seats'`), or a column derived before this one. */
export function field<const F extends string>(name: F): Expression<FieldType<F>, FieldOf<F, unknown>> {
  return new Expression({ kind: 'field', field: name });
}

/** The first of these that is not null. */
export function coalesce<const O extends readonly [AnyOperand, AnyOperand, ...AnyOperand[]]>(
  ...operands: O
): Expression<ValueOf<O[number]>, AllOf<{ [K in keyof O]: Needs<O[K], unknown> }>> {
  return new Expression({ kind: 'coalesce', operands: operands.map(operandNode) });
}

/** These texts, one after another; null when any of them is. */
export function concat<const O extends readonly [TextOperand, ...TextOperand[]]>(
  ...operands: O
): Expression<string | null, AllOf<{ [K in keyof O]: Needs<O[K], string> }>> {
  return new Expression({ kind: 'concat', operands: operands.map(operandNode) });
}

/** What all of these need. */
type AllOf<T extends readonly unknown[]> = T extends readonly [infer First, ...infer Rest]
  ? First & AllOf<Rest>
  : unknown;

/**
 * One value where a condition is true, others where it is false or null: `when(field('age').le(30),
 * 'young').otherwise('old')`.
 */
export function when<C extends TruthExpression, const O extends AnyOperand>(
  condition: C,
  then: O,
): Cases<ValueOf<O>, Needs<C, boolean> & Needs<O, unknown>> {
  return new Cases([branchOf(condition, then)]);
}

/**
 * Conditions and values, the first condition that is true decides; `otherwise` makes an expression
 * of them.
 */
export class Cases<out Value, in In> {
  private readonly branches: readonly Branch[];
  declare readonly '~value'?: Value;
  declare readonly '~in'?: (event: In) => void;

  constructor(branches: readonly Branch[]) {
    this.branches = branches;
    Object.freeze(this);
  }

  when<S extends Cases<unknown, never>, C extends TruthExpression, const O extends Like<CasesValue<S>>>(
    this: S,
    condition: C,
    then: O,
  ): Cases<CasesValue<S> | ValueOf<O>, CasesIn<S> & Needs<C, boolean> & Needs<O, unknown>> {
    return new Cases([...this.branches, branchOf(condition, then)]);
  }

  otherwise<S extends Cases<unknown, never>, const O extends Like<CasesValue<S>> | null>(
    this: S,
    value: O,
  ): Expression<CasesValue<S> | ValueOf<O>, CasesIn<S> & Needs<O, unknown>> {
    return new Expression({ kind: 'case', branches: this.branches, otherwise: operandNode(value) });
  }
}

type CasesValue<S> = S extends Cases<infer V, never> ? V : never;
type CasesIn<S> = S extends Cases<unknown, infer In> ? In : unknown;

function branchOf(condition: AnyExpression, value: unknown): Branch {
  return { when: operandNode(condition), value: operandNode(value) };
}

function comparison(operator: Comparison, left: ExpressionNode, other: unknown): ExpressionNode {
  return { kind: 'compare', operator, left, right: operandNode(other) };
}

function arithmetic(operator: Arithmetic, left: ExpressionNode, other: unknown): ExpressionNode {
  return { kind: 'arithmetic', operator, left, right: operandNode(other) };
}

function textTest(test: TextTest, operand: ExpressionNode, part: unknown): ExpressionNode {
  return { kind: 'stringPredicate', test, operand, part: operandNode(part) };
}

/**
 * Values are not checked here: that is done where the definition is known that they are part of. -0
 * is 0.
 */
function operandNode(operand: unknown): ExpressionNode {
  if (operand instanceof Expression) return operand.node;
  return { kind: 'literal', value: Object.is(operand, -0) ? 0 : (operand as Literal | null) };
}

/** The operands of a node, in their order. */
export function operandsOf(node: ExpressionNode): readonly ExpressionNode[] {
  switch (node.kind) {
    case 'field':
    case 'literal':
      return [];
    case 'isNull':
    case 'not':
    case 'isIn':
    case 'mathFunction':
    case 'length':
    case 'substring':
    case 'changeCase':
    case 'timePart':
      return [node.operand];
    case 'and':
    case 'or':
    case 'compare':
    case 'arithmetic':
      return [node.left, node.right];
    case 'stringPredicate':
      return [node.operand, node.part];
    case 'case':
      return [...node.branches.flatMap((branch) => [branch.when, branch.value]), node.otherwise];
    case 'coalesce':
    case 'concat':
      return node.operands;
  }
}

/** The fields that an expression reads. */
export function fieldsOf(node: ExpressionNode): readonly string[] {
  return node.kind === 'field' ? [node.field] : operandsOf(node).flatMap(fieldsOf);
}
