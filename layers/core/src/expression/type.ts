import { type ColumnScope, refuse } from '../definition/scope.ts';
import type { ColumnType } from '../plan/column.ts';
import type { ExpressionNode, NumberType } from '../plan/expression.ts';
import { operandsOf } from './operands.ts';

type OperandType = ColumnType | 'null';

export interface TypedExpression {
  /** The given tree, with the types of its arithmetic added. */
  readonly node: ExpressionNode;
  readonly type: ColumnType;
}

/** SQL nests as deep as the tree does, and engines have limits. */
const DEPTH_LIMIT = 100;
const SIZE_LIMIT = 2_000;
const VALUES_LIMIT = 1_000;
/** The limit of a substring's length, far beyond any text of a record. */
const CHARACTERS_LIMIT = 1_000_000;

/** Checks an expression, and gives its type. */
export function typedExpression(node: ExpressionNode, scope: ColumnScope, role: string): TypedExpression {
  checkSize(node, scope, role);
  const typed = typedOperand(node, scope, role);
  const { type } = typed;
  return type === 'null'
    ? refuse('BIFOLD_BAD_EXPRESSION', {
        failed: `${scope.where} has an expression in ${role} that is always null`,
        received: 'null',
        allowed: 'an expression that reads a field',
        remedy: 'use isNull() to ask for null',
      })
    : { node: typed.node, type };
}

function checkSize(root: ExpressionNode, scope: ColumnScope, role: string): void {
  let size = 0;
  let level: readonly ExpressionNode[] = [root];
  for (let depth = 1; level.length > 0; depth++) {
    size += level.length;
    if (depth > DEPTH_LIMIT || size > SIZE_LIMIT)
      refuse('BIFOLD_BAD_EXPRESSION', {
        failed: `${scope.where} has an expression in ${role} that is too large`,
        received: depth > DEPTH_LIMIT ? `more than ${DEPTH_LIMIT} levels` : `more than ${SIZE_LIMIT} parts`,
        allowed: `${DEPTH_LIMIT} levels and ${SIZE_LIMIT} parts`,
        remedy: 'derive parts of it as columns of their own',
      });
    level = level.flatMap(operandsOf);
  }
}

function typedOperand(
  node: ExpressionNode,
  scope: ColumnScope,
  role: string,
): { node: ExpressionNode; type: OperandType } {
  const typed = (operand: ExpressionNode) => typedOperand(operand, scope, role);
  const boolean = (operand: ExpressionNode) =>
    want(typed(operand), ['boolean'], scope, role, 'combines values', 'boolean operands of and, or, not, when');
  const text = (operand: ExpressionNode) =>
    want(typed(operand), ['text'], scope, role, 'takes as text what is none', 'text fields, and texts');
  const number = (operand: ExpressionNode) =>
    want(
      typed(operand),
      ['integer', 'double'],
      scope,
      role,
      'computes with values',
      'integer or double fields, and numbers',
    );
  switch (node.kind) {
    case 'field':
      return { node, type: scope.type(node.field, role) };
    case 'literal':
      return { node, type: literalType(node.value, scope, role) };
    case 'isNull':
      return { node: { ...node, operand: typed(node.operand).node }, type: 'boolean' };
    case 'not':
      return { node: { ...node, operand: boolean(node.operand).node }, type: 'boolean' };
    case 'and':
    case 'or':
      return { node: { ...node, left: boolean(node.left).node, right: boolean(node.right).node }, type: 'boolean' };
    case 'compare': {
      const [left, right] = [typed(node.left), typed(node.right)];
      checkComparison(node.operator, left.type, right.type, scope, role);
      return { node: { ...node, left: left.node, right: right.node }, type: 'boolean' };
    }
    case 'isIn': {
      const operand = typed(node.operand);
      checkValues(operand.type, node.values, scope, role);
      return { node: { ...node, operand: operand.node }, type: 'boolean' };
    }
    case 'arithmetic': {
      const [left, right] = [number(node.left), number(node.right)];
      const whole = left.type === 'integer' && right.type === 'integer' && node.operator !== '/';
      const type: NumberType = whole ? 'integer' : 'double';
      return { node: { ...node, left: left.node, right: right.node, type }, type };
    }
    case 'mathFunction': {
      const operand = number(node.operand);
      const type: NumberType = operand.type === 'integer' && node.function !== 'sqrt' ? 'integer' : 'double';
      return { node: { ...node, operand: operand.node, type }, type };
    }
    case 'case': {
      const branches = node.branches.map((branch) => ({ when: boolean(branch.when), value: typed(branch.value) }));
      const otherwise = typed(node.otherwise);
      const type = commonType([...branches.map(({ value }) => value.type), otherwise.type], scope, role);
      return {
        node: {
          ...node,
          branches: branches.map((branch) => ({ when: branch.when.node, value: branch.value.node })),
          otherwise: otherwise.node,
        },
        type,
      };
    }
    case 'coalesce': {
      const operands = node.operands.map(typed);
      const type = commonType(
        operands.map((operand) => operand.type),
        scope,
        role,
      );
      return { node: { ...node, operands: operands.map((operand) => operand.node) }, type };
    }
    case 'concat':
      return { node: { ...node, operands: node.operands.map((operand) => text(operand).node) }, type: 'text' };
    case 'length':
      return { node: { ...node, operand: text(node.operand).node }, type: 'integer' };
    case 'substring':
      checkCharacters(node.start, scope, role);
      if (node.length !== undefined) checkCharacters(node.length, scope, role);
      return { node: { ...node, operand: text(node.operand).node }, type: 'text' };
    case 'stringPredicate':
      return { node: { ...node, operand: text(node.operand).node, part: text(node.part).node }, type: 'boolean' };
    case 'changeCase':
      return { node: { ...node, operand: text(node.operand).node }, type: 'text' };
    case 'timePart': {
      const operand = want(
        typed(node.operand),
        ['timestamp'],
        scope,
        role,
        `takes the ${node.part} of what is no time`,
        'timestamp fields: texts of format date-time',
      );
      return { node: { ...node, operand: operand.node }, type: 'integer' };
    }
  }
}

function literalType(value: unknown, scope: ColumnScope, role: string): OperandType {
  switch (typeof value) {
    case 'boolean':
      return 'boolean';
    case 'string':
      if (!value.isWellFormed() || value.includes('\0'))
        refuse('BIFOLD_BAD_EXPRESSION', {
          failed: `${scope.where} has a text in ${role} that SQL cannot hold`,
          received: JSON.stringify(value),
          allowed: 'well-formed text without the character U+0000',
          remedy: 'compare with another text',
        });
      return 'text';
    case 'number':
      if (!Number.isFinite(value))
        refuse('BIFOLD_BAD_EXPRESSION', {
          failed: `${scope.where} has a number in ${role} that is not finite`,
          received: String(value),
          allowed: 'a finite number',
          remedy: 'write such a number',
        });
      return Number.isSafeInteger(value) ? 'integer' : 'double';
    default:
      if (value === null) return 'null';
      return refuse('BIFOLD_BAD_EXPRESSION', {
        failed: `${scope.where} has an operand in ${role} that is no value`,
        received: typeof value,
        allowed: 'a text, a number, a boolean, or an expression',
        remedy: 'write one of them',
      });
  }
}

function checkComparison(
  operator: string,
  leftType: OperandType,
  rightType: OperandType,
  scope: ColumnScope,
  role: string,
) {
  const [left, right] = [comparable(leftType), comparable(rightType)];
  const ordered = left === 'number' || left === 'timestamp';
  if (left !== right || (!ordered && operator !== '=' && operator !== '<>')) {
    refuse('BIFOLD_BAD_EXPRESSION', {
      failed: `${scope.where} compares ${left} ${operator} ${right} in ${role}`,
      received: `${left} and ${right}`,
      allowed:
        'two numbers or two timestamps; texts and booleans with eq and ne only (their order differs between engines)',
      remedy: 'compare values of one type',
    });
  }
}

function checkValues(type: OperandType, values: readonly unknown[], scope: ColumnScope, role: string): void {
  const given = Array.isArray(values) ? values : [];
  const types = given.map((value) => comparable(literalType(value, scope, role)));
  const wrong = types.find((each) => each !== comparable(type) || each === 'null');
  if (wrong === undefined && given.length > 0 && given.length <= VALUES_LIMIT) return;
  refuse('BIFOLD_BAD_EXPRESSION', {
    failed: `${scope.where} asks in ${role} whether ${comparable(type)} is in a list`,
    received: wrong === undefined ? `${given.length} values` : `a list with ${wrong}`,
    allowed: `from 1 to ${VALUES_LIMIT} texts, numbers or booleans, of the type that is asked for`,
    remedy: 'give such a list, and isNull() for null',
  });
}

function checkCharacters(count: number, scope: ColumnScope, role: string): void {
  if (!Number.isSafeInteger(count) || count < 0 || count > CHARACTERS_LIMIT)
    refuse('BIFOLD_BAD_EXPRESSION', {
      failed: `${scope.where} has a substring in ${role} that begins or ends nowhere`,
      received: String(count),
      allowed: `whole numbers from 0 to ${CHARACTERS_LIMIT}, counted from the beginning`,
      remedy: 'write substring(start, length)',
    });
}

/** The common type of alternative operands. */
function commonType(types: readonly OperandType[], scope: ColumnScope, role: string): OperandType {
  const present = new Set(types.filter((type) => type !== 'null'));
  if (present.has('integer') && present.has('double')) present.delete('integer');
  const [only = 'null', ...others] = present;
  return others.length === 0
    ? only
    : refuse('BIFOLD_BAD_EXPRESSION', {
        failed: `${scope.where} has an expression in ${role} whose branches have different types`,
        received: [only, ...others].join(', '),
        allowed: 'values of one type; integers and doubles may be mixed',
        remedy: 'give each branch the same type',
      });
}

function comparable(type: OperandType): string {
  return type === 'integer' || type === 'double' ? 'number' : type;
}

function want<T extends { readonly type: OperandType }>(
  operand: T,
  wanted: readonly OperandType[],
  scope: ColumnScope,
  role: string,
  does: string,
  allowed: string,
): T {
  if (!wanted.includes(operand.type))
    refuse('BIFOLD_BAD_EXPRESSION', {
      failed: `${scope.where} ${does} in ${role}${wanted[0] === 'boolean' ? ' that are not boolean' : ''}`,
      received: operand.type,
      allowed,
      remedy: wanted[0] === 'boolean' ? 'compare first' : 'choose such a field',
    });
  return operand;
}
