/**
 * An expression over a record, as a frozen tree. The fold compiles it to closures, the batch layer
 * to SQL. Nulls follow SQL: an operator returns null for a null operand, and `and` / `or` are
 * three-valued.
 */
export type ExpressionNode =
  | { readonly kind: 'field'; readonly field: string }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'isNull'; readonly operand: ExpressionNode }
  | { readonly kind: 'not'; readonly operand: ExpressionNode }
  | { readonly kind: 'and' | 'or'; readonly left: ExpressionNode; readonly right: ExpressionNode }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: ExpressionNode;
      readonly right: ExpressionNode;
    }
  | { readonly kind: 'isIn'; readonly operand: ExpressionNode; readonly values: readonly (string | number | boolean)[] }
  | {
      readonly kind: 'arithmetic';
      readonly operator: Arithmetic;
      readonly left: ExpressionNode;
      readonly right: ExpressionNode;
      /** The type of the result. Set when the definition is loaded. */
      readonly type?: NumberType;
    }
  | {
      readonly kind: 'mathFunction';
      readonly function: MathFunction;
      readonly operand: ExpressionNode;
      /** The type of the result, as above. */
      readonly type?: NumberType;
    }
  | { readonly kind: 'case'; readonly branches: readonly Branch[]; readonly otherwise: ExpressionNode }
  | { readonly kind: 'coalesce'; readonly operands: readonly ExpressionNode[] }
  | { readonly kind: 'concat'; readonly operands: readonly ExpressionNode[] }
  | { readonly kind: 'length'; readonly operand: ExpressionNode }
  | {
      readonly kind: 'substring';
      readonly operand: ExpressionNode;
      readonly start: number;
      /** Absent: up to the end of the text. */
      readonly length?: number;
    }
  | {
      readonly kind: 'stringPredicate';
      readonly test: StringPredicate;
      readonly operand: ExpressionNode;
      readonly part: ExpressionNode;
    }
  | { readonly kind: 'changeCase'; readonly to: 'lower' | 'upper'; readonly operand: ExpressionNode }
  | { readonly kind: 'timePart'; readonly part: TimePart; readonly operand: ExpressionNode };

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Arithmetic = '+' | '-' | '*' | '/' | '%';

export type MathFunction = 'abs' | 'floor' | 'ceil' | 'round' | 'sqrt';

export type NumberType = 'integer' | 'double';

export type StringPredicate = 'startsWith' | 'endsWith' | 'contains';

export type TimePart = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'dayOfWeek' | 'epochMs';

export interface Branch {
  readonly when: ExpressionNode;
  readonly value: ExpressionNode;
}
