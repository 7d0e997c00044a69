import type { Branch } from '../../plan/expression.ts';
import {
  type AnyExpression,
  type AnyOperand,
  Expression,
  type Like,
  type Needs,
  operandNode,
  type TruthExpression,
  type ValueOf,
} from './expression.ts';

/**
 * One value where a condition is true, others where it is false or null. The first true condition
 * decides.
 *
 * @param condition - a boolean expression
 * @param then - the value if the condition is true
 * @throws {DefinitionError} BIFOLD_BAD_EXPRESSION if the values have different types, or the
 *   condition is not boolean
 * @example
 * const lengths = definePipeline({
 *   ...perCity,
 *   derive: {
 *     length: when(field('minutes').lt(10), 'short')
 *       .when(field('minutes').lt(40), 'usual')
 *       .otherwise('long'),
 *   },
 *   aggregates: { lengths: topK('length', 3) },
 * });
 */
export function when<C extends TruthExpression, const O extends AnyOperand>(
  condition: C,
  then: O,
): Cases<ValueOf<O>, Needs<C, boolean> & Needs<O, unknown>> {
  return new Cases([branchOf(condition, then)]);
}

/**
 * Conditions with their values. The first true condition decides. `otherwise` turns them into an
 * expression.
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
