import type { ExpressionNode } from './definition/expression.ts';
import type { Plan } from './plan.ts';
import type { Value } from './record.ts';

/** All that a record can be asked for, side by side: its columns, then the columns of each lookup, then derived columns. */
export type Slots = Value[];

/** Where each field of a plan stands in the slots. */
export function slotIndex(plan: Plan): ReadonlyMap<string, number> {
  const names = [
    ...plan.columns.map((column) => column.name),
    ...plan.lookups.flatMap((lookup) => lookup.columns.map((column) => `${lookup.name}.${column.name}`)),
    ...plan.derived.map((derived) => derived.name),
  ];
  return new Map(names.map((name, index) => [name, index]));
}

export type Evaluate = (slots: Slots) => Value;

/** Compiles an expression. Nulls follow SQL, as the batch layer has them. */
export function compileExpression(node: ExpressionNode, index: ReadonlyMap<string, number>): Evaluate {
  switch (node.kind) {
    case 'field': {
      const slot = index.get(node.field) as number;
      return (slots) => slots[slot] as Value;
    }
    case 'literal': {
      const { value } = node;
      return () => value;
    }
    case 'isNull': {
      const operand = compileExpression(node.operand, index);
      return (slots) => operand(slots) === null;
    }
    case 'not': {
      const operand = compileExpression(node.operand, index);
      return (slots) => {
        const value = operand(slots);
        return value === null ? null : !value;
      };
    }
    case 'and':
    case 'or': {
      // Three-valued: the deciding value (false for and, true for or) wins over null.
      const deciding = node.kind === 'or';
      const left = compileExpression(node.left, index);
      const right = compileExpression(node.right, index);
      return (slots) => {
        const first = left(slots);
        if (first === deciding) return deciding;
        const second = right(slots);
        if (second === deciding) return deciding;
        return first === null || second === null ? null : !deciding;
      };
    }
    case 'compare': {
      const left = compileExpression(node.left, index);
      const right = compileExpression(node.right, index);
      const holds = COMPARE[node.operator];
      return (slots) => {
        const first = left(slots);
        const second = right(slots);
        return first === null || second === null ? null : holds(first, second);
      };
    }
  }
}

type Present = string | number | boolean;

const COMPARE = {
  '=': (left: Present, right: Present) => left === right,
  '<>': (left: Present, right: Present) => left !== right,
  '<': (left: Present, right: Present) => left < right,
  '<=': (left: Present, right: Present) => left <= right,
  '>': (left: Present, right: Present) => left > right,
  '>=': (left: Present, right: Present) => left >= right,
};
