import type { Comparison, ExpressionNode, StringPredicate } from '../plan/expression.ts';
import { quoted, textLiteral } from './sql-text.ts';

/**
 * Expressions in DuckDB's SQL. The result equals that of `evaluate.ts` for the same tree, bit for
 * bit.
 */
const COMPARISON_SQL: Readonly<Record<Comparison, string>> = {
  '=': '=',
  '<>': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

export function expressionSql(node: ExpressionNode): string {
  switch (node.kind) {
    case 'field':
      return quoted(node.field);
    case 'literal':
      return literalSql(node.value);
    case 'isNull':
      return `(${expressionSql(node.operand)} IS NULL)`;
    case 'not':
      return `(NOT ${expressionSql(node.operand)})`;
    case 'and':
      return `(${expressionSql(node.left)} AND ${expressionSql(node.right)})`;
    case 'or':
      return `(${expressionSql(node.left)} OR ${expressionSql(node.right)})`;
    case 'compare':
      return `(${expressionSql(node.left)} ${COMPARISON_SQL[node.operator]} ${expressionSql(node.right)})`;
    case 'isIn':
      return `(${expressionSql(node.operand)} IN (${node.values.map(literalSql).join(', ')}))`;
    case 'arithmetic':
    case 'mathFunction':
      return node.type === 'integer' ? integerSql(node) : finiteSql(node);
    case 'case': {
      const branches = node.branches.map(
        (branch) => `WHEN ${expressionSql(branch.when)} THEN ${expressionSql(branch.value)}`,
      );
      return `(CASE ${branches.join(' ')} ELSE ${expressionSql(node.otherwise)} END)`;
    }
    case 'coalesce':
      return `coalesce(${node.operands.map(expressionSql).join(', ')})`;
    case 'concat':
      return `(${node.operands.map(expressionSql).join(' || ')})`;
    case 'length':
      return `length(${expressionSql(node.operand)})`;
    case 'substring': {
      const { start, length } = node;
      return `substring(${[expressionSql(node.operand), start + 1, ...(length === undefined ? [] : [length])].join(', ')})`;
    }
    case 'stringPredicate':
      return `${STRING_PREDICATE_SQL[node.test]}(${expressionSql(node.operand)}, ${expressionSql(node.part)})`;
    case 'changeCase': {
      const [from, to] = node.to === 'lower' ? [UPPER, LOWER] : [LOWER, UPPER];
      return `translate(${expressionSql(node.operand)}, '${from}', '${to}')`;
    }
    case 'timePart': {
      const time = expressionSql(node.operand);
      if (node.part === 'epochMs') return time;
      return `${node.part === 'dayOfWeek' ? 'isodow' : node.part}(make_timestamp(${time} * 1000))`;
    }
  }
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = UPPER.toLowerCase();

const STRING_PREDICATE_SQL: Readonly<Record<StringPredicate, string>> = {
  startsWith: 'starts_with',
  endsWith: 'ends_with',
  contains: 'contains',
};

/**
 * Computations whose operands appear only once in the SQL. If each level repeated its operand, the
 * text would double with each level.
 */
type Computation = Extract<ExpressionNode, { readonly kind: 'arithmetic' | 'mathFunction' }>;

/**
 * SQL of an integer, or null if the result is not a safe integer. Products of safe integers need
 * 106 bits.
 */
function integerSql(node: Computation): string {
  if (node.kind === 'mathFunction') {
    const operand = expressionSql(node.operand);
    return node.function === 'abs' ? `abs(${operand})` : operand;
  }
  const [left, right] = [expressionSql(node.left), expressionSql(node.right)];
  if (node.operator === '%') return `(${left} % ${right})`;
  const result = node.operator === '*' ? `CAST(${left} AS HUGEINT) * ${right}` : `${left} ${node.operator} ${right}`;
  const { MAX_SAFE_INTEGER: most } = Number;
  return `CAST(list_filter([${result}], lambda v: v BETWEEN -${most} AND ${most})[1] AS BIGINT)`;
}

/** SQL of a finite double, or null. 0 for -0. */
function finiteSql(node: ExpressionNode): string {
  return `(list_filter([${doubleSql(node)}], lambda v: isfinite(v))[1] + CAST(0 AS DOUBLE))`;
}

/**
 * SQL of a double that may be infinite, NaN or -0. Computations propagate such values, so one check
 * at the end is enough. The exception is a divisor, because a number divided by infinity is 0.
 */
function doubleSql(node: ExpressionNode): string {
  if ((node.kind !== 'arithmetic' && node.kind !== 'mathFunction') || node.type === 'integer')
    return `CAST(${expressionSql(node)} AS DOUBLE)`;
  if (node.kind === 'mathFunction') {
    const operand = doubleSql(node.operand);
    // The engine fails on the root of a negative number. It treats NaN as greater than any number.
    return node.function === 'sqrt'
      ? `sqrt(list_filter([${operand}], lambda v: v >= 0)[1])`
      : `${node.function}(${operand})`;
  }
  const { operator } = node;
  const right =
    operator === '/' || operator === '%' ? `CAST(${expressionSql(node.right)} AS DOUBLE)` : doubleSql(node.right);
  return `(${doubleSql(node.left)} ${operator} ${right})`;
}

/**
 * Numbers that are not safe integers are written as doubles. A plain decimal literal would be a
 * DECIMAL, which compares differently.
 */
function literalSql(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return textLiteral(value);
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  return Number.isSafeInteger(value) ? `CAST(${value} AS BIGINT)` : `CAST('${value}' AS DOUBLE)`;
}
