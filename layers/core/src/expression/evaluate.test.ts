import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ExpressionNode } from '../plan/expression.ts';
import type { Value } from '../records/record.ts';
import { compileExpression } from './evaluate.ts';

const SLOTS = new Map([
  ['left', 0],
  ['right', 1],
]);
const left: ExpressionNode = { kind: 'field', field: 'left' };
const right: ExpressionNode = { kind: 'field', field: 'right' };
const evaluated = (node: ExpressionNode, ...slots: Value[]): Value => compileExpression(node, SLOTS)(slots);

describe('an expression', () => {
  it('reads fields and literals', () => {
    expect(evaluated(left, 'a', 'b')).toBe('a');
    expect(evaluated(right, 'a', 'b')).toBe('b');
    expect(evaluated({ kind: 'literal', value: 2.5 })).toBe(2.5);
  });

  it.each<{ operand: Value; isNull: boolean; not: Value }>([
    { operand: null, isNull: true, not: null },
    { operand: true, isNull: false, not: false },
    { operand: false, isNull: false, not: true },
  ])('of $operand: is it null $isNull, its negation $not', ({ operand, isNull, not }) => {
    expect(evaluated({ kind: 'isNull', operand: left }, operand)).toBe(isNull);
    expect(evaluated({ kind: 'not', operand: left }, operand)).toBe(not);
  });

  it('takes neither zero nor an empty text nor false for null', () => {
    for (const value of [0, '', false]) expect(evaluated({ kind: 'isNull', operand: left }, value)).toBe(false);
  });

  // SQL's three values.
  it.each<{ a: Value; b: Value; and: Value; or: Value }>([
    { a: true, b: true, and: true, or: true },
    { a: true, b: false, and: false, or: true },
    { a: true, b: null, and: null, or: true },
    { a: false, b: true, and: false, or: true },
    { a: false, b: false, and: false, or: false },
    { a: false, b: null, and: false, or: null },
    { a: null, b: true, and: null, or: true },
    { a: null, b: false, and: false, or: null },
    { a: null, b: null, and: null, or: null },
  ])('$a and $b is $and, or is $or', ({ a, b, and, or }) => {
    expect(evaluated({ kind: 'and', left, right }, a, b)).toBe(and);
    expect(evaluated({ kind: 'or', left, right }, a, b)).toBe(or);
  });

  it.each<{ a: Value; b: Value; order: '<' | '=' | '>' | null }>([
    { a: 1, b: 2, order: '<' },
    { a: 2, b: 2, order: '=' },
    { a: 3, b: 2, order: '>' },
    { a: -1, b: 0, order: '<' },
    { a: 0, b: 0, order: '=' },
    { a: null, b: 0, order: null },
    { a: 0, b: null, order: null },
    { a: null, b: null, order: null },
  ])('compares $a with $b: $order', ({ a, b, order }) => {
    const compared = (operator: '=' | '<>' | '<' | '<=' | '>' | '>='): Value =>
      evaluated({ kind: 'compare', operator, left, right }, a, b);
    const holds = (...orders: readonly string[]): Value => (order === null ? null : orders.includes(order));
    expect(compared('=')).toBe(holds('='));
    expect(compared('<>')).toBe(holds('<', '>'));
    expect(compared('<')).toBe(holds('<'));
    expect(compared('<=')).toBe(holds('<', '='));
    expect(compared('>')).toBe(holds('>'));
    expect(compared('>=')).toBe(holds('>', '='));
  });

  it('compares texts and booleans for equality', () => {
    const scalar = fc.oneof(fc.string({ maxLength: 2 }), fc.boolean());
    fc.assert(
      fc.property(scalar, scalar, (a, b) => {
        expect(evaluated({ kind: 'compare', operator: '=', left, right }, a, b)).toBe(Object.is(a, b));
        expect(evaluated({ kind: 'compare', operator: '<>', left, right }, a, b)).toBe(!Object.is(a, b));
      }),
    );
  });

  it('computes in doubles where it does not say in what', () => {
    expect(evaluated({ kind: 'arithmetic', operator: '+', left, right }, 1.5, 1)).toBe(2.5);
    expect(evaluated({ kind: 'mathFunction', function: 'sqrt', operand: left }, 2.25)).toBe(1.5);
  });

  it('computes in integers where it says so', () => {
    expect(evaluated({ kind: 'arithmetic', operator: '/', left, right, type: 'integer' }, 3, 2)).toBeNull();
    expect(evaluated({ kind: 'mathFunction', function: 'sqrt', operand: left, type: 'integer' }, 2.25)).toBeNull();
  });
});
