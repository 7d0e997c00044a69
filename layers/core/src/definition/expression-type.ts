import type { ExpressionNode } from './expression.ts';
import type { ColumnType } from './schema.ts';
import { refuse, type Scope } from './scope.ts';

type OperandType = ColumnType | 'null';

export function typeOf(node: ExpressionNode, scope: Scope, role: string): ColumnType {
  const type = operandType(node, scope, role);
  return type === 'null'
    ? refuse(
        'BIFOLD_BAD_EXPRESSION',
        `${scope.where} has an expression in ${role} that is always null`,
        'null',
        'an expression that reads a field',
        'use isNull() to ask for null',
      )
    : type;
}

function operandType(node: ExpressionNode, scope: Scope, role: string): OperandType {
  switch (node.kind) {
    case 'field':
      return scope.type(node.field, role);
    case 'literal':
      if (node.value === null) return 'null';
      if (typeof node.value === 'boolean') return 'boolean';
      if (typeof node.value === 'string') {
        if (!node.value.isWellFormed() || node.value.includes('\0'))
          refuse(
            'BIFOLD_BAD_EXPRESSION',
            `${scope.where} compares with a text in ${role} that SQL cannot hold`,
            JSON.stringify(node.value),
            'well-formed text without the character U+0000',
            'compare with another text',
          );
        return 'text';
      }
      if (!Number.isFinite(node.value))
        refuse(
          'BIFOLD_BAD_EXPRESSION',
          `${scope.where} compares with a number in ${role}`,
          String(node.value),
          'a finite number',
          'write such a number',
        );
      return Number.isSafeInteger(node.value) ? 'integer' : 'double';
    case 'isNull':
      operandType(node.operand, scope, role);
      return 'boolean';
    case 'not':
      wantBoolean(node.operand, scope, role);
      return 'boolean';
    case 'and':
    case 'or':
      wantBoolean(node.left, scope, role);
      wantBoolean(node.right, scope, role);
      return 'boolean';
    case 'compare': {
      const left = comparable(operandType(node.left, scope, role));
      const right = comparable(operandType(node.right, scope, role));
      const ordered = left === 'number' || left === 'timestamp';
      if (left !== right || (!ordered && node.operator !== '=' && node.operator !== '<>')) {
        refuse(
          'BIFOLD_BAD_EXPRESSION',
          `${scope.where} compares ${left} ${node.operator} ${right} in ${role}`,
          `${left} and ${right}`,
          'two numbers or two timestamps; texts and booleans with eq and ne only (their order differs between engines)',
          'compare values of one type',
        );
      }
      return 'boolean';
    }
  }
}

function comparable(type: OperandType): string {
  return type === 'integer' || type === 'double' ? 'number' : type;
}

function wantBoolean(node: ExpressionNode, scope: Scope, role: string): void {
  const type = operandType(node, scope, role);
  if (type !== 'boolean')
    refuse(
      'BIFOLD_BAD_EXPRESSION',
      `${scope.where} combines values in ${role} that are not boolean`,
      type,
      'boolean operands of and, or, not',
      'compare first',
    );
}
