/**
 * Small expressions over a record, as a frozen tree that both interpreters read: the fold compiles it to closures, the batch layer to SQL. Nulls
 * follow SQL: a comparison with null is null, `and` / `or` are three-valued.
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
    };

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>=';

type Operand = Expression<unknown> | string | number | boolean;

/** Sugar over the tree; `Value` is the TypeScript type of what it computes. */
export class Expression<out Value> {
  readonly node: ExpressionNode;
  declare readonly '~value'?: Value;

  constructor(node: ExpressionNode) {
    this.node = Object.freeze(node);
    Object.freeze(this);
  }

  isNull(): Expression<boolean> {
    return new Expression({ kind: 'isNull', operand: this.node });
  }
  isNotNull(): Expression<boolean> {
    return this.isNull().not();
  }
  not(): Expression<boolean | null> & Expression<boolean> {
    return new Expression<boolean>({ kind: 'not', operand: this.node });
  }
  and(other: Expression<boolean | null>): Expression<boolean | null> {
    return new Expression({ kind: 'and', left: this.node, right: other.node });
  }
  or(other: Expression<boolean | null>): Expression<boolean | null> {
    return new Expression({ kind: 'or', left: this.node, right: other.node });
  }
  eq(other: Operand): Expression<boolean | null> {
    return this.compare('=', other);
  }
  ne(other: Operand): Expression<boolean | null> {
    return this.compare('<>', other);
  }
  lt(other: Operand): Expression<boolean | null> {
    return this.compare('<', other);
  }
  le(other: Operand): Expression<boolean | null> {
    return this.compare('<=', other);
  }
  gt(other: Operand): Expression<boolean | null> {
    return this.compare('>', other);
  }
  ge(other: Operand): Expression<boolean | null> {
    return this.compare('>=', other);
  }

  private compare(operator: Comparison, other: Operand): Expression<boolean | null> {
    const right: ExpressionNode =
      other instanceof Expression ? other.node : Object.freeze({ kind: 'literal', value: other });
    return new Expression({ kind: 'compare', operator, left: this.node, right });
  }
}

/** A field of the record, of a lookup (`'plane.seats'`), or a column derived before this one. */
export function field(name: string): Expression<unknown> {
  return new Expression({ kind: 'field', field: name });
}

/** The fields that an expression reads. */
export function fieldsOf(node: ExpressionNode): readonly string[] {
  switch (node.kind) {
    case 'field':
      return [node.field];
    case 'literal':
      return [];
    case 'isNull':
    case 'not':
      return fieldsOf(node.operand);
    case 'and':
    case 'or':
    case 'compare':
      return [...fieldsOf(node.left), ...fieldsOf(node.right)];
  }
}
