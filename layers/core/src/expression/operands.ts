import type { ExpressionNode } from '../plan/expression.ts';

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
