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
  const typed = new OperandTyper(scope, role).typed(node);
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

interface TypedOperand {
  readonly node: ExpressionNode;
  readonly type: OperandType;
}

/** The node of these kinds. */
type NodeOf<Kind extends ExpressionNode['kind']> = Extract<ExpressionNode, { readonly kind: Kind }>;

/** Types the nodes of one expression. `role` says where in its definition the expression is. */
class OperandTyper {
  private readonly scope: ColumnScope;
  private readonly role: string;

  constructor(scope: ColumnScope, role: string) {
    this.scope = scope;
    this.role = role;
  }

  typed(node: ExpressionNode): TypedOperand {
    switch (node.kind) {
      case 'field':
        return { node, type: this.scope.type(node.field, this.role) };
      case 'literal':
        return { node, type: literalType(node.value, this.scope, this.role) };
      case 'isNull':
        return { node: { ...node, operand: this.typed(node.operand).node }, type: 'boolean' };
      case 'not':
        return { node: { ...node, operand: this.boolean(node.operand) }, type: 'boolean' };
      case 'and':
      case 'or':
        return { node: { ...node, left: this.boolean(node.left), right: this.boolean(node.right) }, type: 'boolean' };
      case 'compare':
        return this.comparison(node);
      case 'isIn': {
        const operand = this.typed(node.operand);
        checkValues(operand.type, node.values, this.scope, this.role);
        return { node: { ...node, operand: operand.node }, type: 'boolean' };
      }
      case 'arithmetic':
        return this.arithmetic(node);
      case 'mathFunction':
        return this.mathFunction(node);
      case 'case':
        return this.branches(node);
      case 'coalesce': {
        const operands = node.operands.map((operand) => this.typed(operand));
        return {
          node: { ...node, operands: operands.map((operand) => operand.node) },
          type: this.commonType(operands),
        };
      }
      case 'concat':
        return { node: { ...node, operands: node.operands.map((operand) => this.text(operand)) }, type: 'text' };
      case 'length':
        return { node: { ...node, operand: this.text(node.operand) }, type: 'integer' };
      case 'substring':
        checkCharacters(node.start, this.scope, this.role);
        if (node.length !== undefined) checkCharacters(node.length, this.scope, this.role);
        return { node: { ...node, operand: this.text(node.operand) }, type: 'text' };
      case 'stringPredicate':
        return { node: { ...node, operand: this.text(node.operand), part: this.text(node.part) }, type: 'boolean' };
      case 'changeCase':
        return { node: { ...node, operand: this.text(node.operand) }, type: 'text' };
      case 'timePart':
        return { node: { ...node, operand: this.timestamp(node.operand, node.part) }, type: 'integer' };
    }
  }

  private comparison(node: NodeOf<'compare'>): TypedOperand {
    const [left, right] = [this.typed(node.left), this.typed(node.right)];
    checkComparison(node.operator, left.type, right.type, this.scope, this.role);
    return { node: { ...node, left: left.node, right: right.node }, type: 'boolean' };
  }

  private arithmetic(node: NodeOf<'arithmetic'>): TypedOperand {
    const [left, right] = [this.number(node.left), this.number(node.right)];
    const isInteger = left.type === 'integer' && right.type === 'integer' && node.operator !== '/';
    const type: NumberType = isInteger ? 'integer' : 'double';
    return { node: { ...node, left: left.node, right: right.node, type }, type };
  }

  private mathFunction(node: NodeOf<'mathFunction'>): TypedOperand {
    const operand = this.number(node.operand);
    const type: NumberType = operand.type === 'integer' && node.function !== 'sqrt' ? 'integer' : 'double';
    return { node: { ...node, operand: operand.node, type }, type };
  }

  private branches(node: NodeOf<'case'>): TypedOperand {
    const branches = node.branches.map(({ when, value }) => ({ when: this.boolean(when), value: this.typed(value) }));
    const otherwise = this.typed(node.otherwise);
    return {
      node: {
        ...node,
        branches: branches.map(({ when, value }) => ({ when, value: value.node })),
        otherwise: otherwise.node,
      },
      type: this.commonType([...branches.map(({ value }) => value), otherwise]),
    };
  }

  private commonType(operands: readonly TypedOperand[]): OperandType {
    const types = operands.map(({ type }) => type);
    return commonType(types, this.scope, this.role);
  }

  private boolean(node: ExpressionNode): ExpressionNode {
    const operand = this.typed(node);
    return operand.type === 'boolean'
      ? operand.node
      : refuse('BIFOLD_BAD_EXPRESSION', {
          failed: `${this.scope.where} combines values in ${this.role} that are not boolean`,
          received: operand.type,
          allowed: 'boolean operands of and, or, not, when',
          remedy: 'compare first',
        });
  }

  private text(node: ExpressionNode): ExpressionNode {
    const operand = this.typed(node);
    return operand.type === 'text'
      ? operand.node
      : this.refuseType(operand, 'uses a value as text that is not text', 'text fields, and texts');
  }

  private timestamp(node: ExpressionNode, part: string): ExpressionNode {
    const operand = this.typed(node);
    return operand.type === 'timestamp'
      ? operand.node
      : this.refuseType(
          operand,
          `takes the ${part} of a value that is not a timestamp`,
          'timestamp fields: texts of format date-time',
        );
  }

  private number(node: ExpressionNode): TypedOperand {
    const operand = this.typed(node);
    return operand.type === 'integer' || operand.type === 'double'
      ? operand
      : this.refuseType(operand, 'computes with values that are not numbers', 'integer or double fields, and numbers');
  }

  private refuseType({ type }: TypedOperand, what: string, allowed: string): never {
    return refuse('BIFOLD_BAD_EXPRESSION', {
      failed: `${this.scope.where} ${what}, in ${this.role}`,
      received: type,
      allowed,
      remedy: 'choose such a field',
    });
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
          remedy: 'write a finite number',
        });
      return Number.isSafeInteger(value) ? 'integer' : 'double';
    default:
      if (value === null) return 'null';
      return refuse('BIFOLD_BAD_EXPRESSION', {
        failed: `${scope.where} has an operand in ${role} that is not a value`,
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
    failed: `${scope.where} has isIn in ${role} with a list that does not fit ${comparable(type)}`,
    received: wrong === undefined ? `${given.length} values` : `a list with ${wrong}`,
    allowed: `from 1 to ${VALUES_LIMIT} texts, numbers or booleans, of the type of the operand`,
    remedy: 'correct the list, and use isNull() for null',
  });
}

function checkCharacters(count: number, scope: ColumnScope, role: string): void {
  if (!Number.isSafeInteger(count) || count < 0 || count > CHARACTERS_LIMIT)
    refuse('BIFOLD_BAD_EXPRESSION', {
      failed: `${scope.where} has a substring in ${role} with an invalid start or length`,
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
