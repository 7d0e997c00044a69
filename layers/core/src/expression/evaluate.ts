import type { Arithmetic, ExpressionNode, MathFunction, StringPredicate, TimePart } from '../plan/expression.ts';
import type { RowPlan } from '../plan/row.ts';
import type { Value } from '../records/value.ts';
import { scoresOf } from './scored-columns.ts';

/**
 * The values of one event, in this order: the columns of its record, the columns of each lookup,
 * its item, derived columns, and scores.
 */
export type Slots = Value[];

/** The slot of each field of a plan. */
export function slotIndex(plan: RowPlan): ReadonlyMap<string, number> {
  const names = [
    ...plan.columns.map((column) => column.name),
    ...plan.lookups.flatMap((lookup) => lookup.columns.map((column) => `${lookup.name}.${column.name}`)),
    ...(plan.flatMap === undefined ? [] : [plan.flatMap.name]),
    ...plan.derived.map((derived) => derived.name),
    ...scoresOf(plan).map((score) => score.name),
  ];
  return new Map(names.map((name, index) => [name, index]));
}

export type Evaluate = (slots: Slots) => Value;

/** The node of these kinds. */
type NodeOf<Kind extends ExpressionNode['kind']> = Extract<ExpressionNode, { readonly kind: Kind }>;
type Compile = (node: ExpressionNode) => Evaluate;

/** Compiles an expression. Nulls follow the rules of SQL, as in the batch layer. */
export function compileExpression(node: ExpressionNode, index: ReadonlyMap<string, number>): Evaluate {
  const compile: Compile = (operand) => compileExpression(operand, index);
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
      const operand = compile(node.operand);
      return (slots) => operand(slots) === null;
    }
    case 'not':
      return compileNegation(node, compile);
    case 'and':
    case 'or':
      return compileConnective(node, compile);
    case 'compare':
      return compileComparison(node, compile);
    case 'isIn':
      return compileMembership(node, compile);
    case 'arithmetic':
      return compileArithmetic(node, compile);
    case 'mathFunction': {
      const compute = MATH_FUNCTIONS[node.function];
      const fitted = FITTED[node.type ?? 'double'];
      return ofPresent(compile(node.operand), (value) => fitted(compute(value as number)));
    }
    case 'case':
      return compileCase(node, compile);
    case 'coalesce':
      return compileCoalesce(node, compile);
    case 'concat':
      return compileConcat(node, compile);
    case 'length':
      return ofPresent(compile(node.operand), (value) => lengthOf(value as string));
    case 'substring': {
      const { start, length = Number.POSITIVE_INFINITY } = node;
      return ofPresent(compile(node.operand), (value) => characters(value as string, start, length));
    }
    case 'stringPredicate':
      return compileStringPredicate(node, compile);
    case 'changeCase':
      return compileCaseChange(node, compile);
    case 'timePart': {
      const part = TIME_PART[node.part];
      return ofPresent(compile(node.operand), (value) => part(value as number));
    }
  }
}

/*
 * Conditions run for every record, so each kind below has a closure of its own, which V8 optimizes
 * for that kind. One closure that these kinds share took up to twice as long.
 */

function compileNegation(node: NodeOf<'not'>, compile: Compile): Evaluate {
  const operand = compile(node.operand);
  return (slots) => {
    const value = operand(slots);
    return value === null ? null : !value;
  };
}

function compileMembership(node: NodeOf<'isIn'>, compile: Compile): Evaluate {
  const operand = compile(node.operand);
  const values = new Set<Value>(node.values);
  return (slots) => {
    const value = operand(slots);
    return value === null ? null : values.has(value);
  };
}

/** Three-valued: the deciding value (false for and, true for or) wins over null. */
function compileConnective(node: NodeOf<'and' | 'or'>, compile: Compile): Evaluate {
  const deciding = node.kind === 'or';
  const left = compile(node.left);
  const right = compile(node.right);
  return (slots) => {
    const first = left(slots);
    if (first === deciding) return deciding;
    const second = right(slots);
    if (second === deciding) return deciding;
    return first === null || second === null ? null : !deciding;
  };
}

function compileComparison(node: NodeOf<'compare'>, compile: Compile): Evaluate {
  const left = compile(node.left);
  const right = compile(node.right);
  const compare = COMPARE[node.operator];
  return (slots) => {
    const first = left(slots);
    const second = right(slots);
    return first === null || second === null ? null : compare(first, second);
  };
}

function compileArithmetic(node: NodeOf<'arithmetic'>, compile: Compile): Evaluate {
  const left = compile(node.left);
  const right = compile(node.right);
  const compute = ARITHMETIC[node.operator];
  const fitted = FITTED[node.type ?? 'double'];
  return (slots) => {
    const first = left(slots);
    const second = right(slots);
    return first === null || second === null ? null : fitted(compute(first as number, second as number));
  };
}

function compileCase(node: NodeOf<'case'>, compile: Compile): Evaluate {
  const branches = node.branches.map((branch) => ({ when: compile(branch.when), value: compile(branch.value) }));
  const otherwise = compile(node.otherwise);
  return (slots) => {
    for (const branch of branches) if (branch.when(slots) === true) return branch.value(slots);
    return otherwise(slots);
  };
}

function compileCoalesce(node: NodeOf<'coalesce'>, compile: Compile): Evaluate {
  const operands = node.operands.map(compile);
  return (slots) => {
    for (const operand of operands) {
      const value = operand(slots);
      if (value !== null) return value;
    }
    return null;
  };
}

function compileConcat(node: NodeOf<'concat'>, compile: Compile): Evaluate {
  const operands = node.operands.map(compile);
  return (slots) => {
    let text = '';
    for (const operand of operands) {
      const value = operand(slots);
      if (value === null) return null;
      text += value;
    }
    return text;
  };
}

function compileStringPredicate(node: NodeOf<'stringPredicate'>, compile: Compile): Evaluate {
  const operand = compile(node.operand);
  const part = compile(node.part);
  const test = STRING_PREDICATES[node.test];
  return (slots) => {
    const text = operand(slots);
    const sought = part(slots);
    return text === null || sought === null ? null : test(text as string, sought as string);
  };
}

function compileCaseChange(node: NodeOf<'changeCase'>, compile: Compile): Evaluate {
  const changed = node.to === 'lower' ? /[A-Z]+/g : /[a-z]+/g;
  const change = (found: string): string => (node.to === 'lower' ? found.toLowerCase() : found.toUpperCase());
  return ofPresent(compile(node.operand), (value) => (value as string).replace(changed, change));
}

/** Computes a present value; null stays null. */
function ofPresent(operand: Evaluate, compute: (value: Present) => Value): Evaluate {
  return (slots) => {
    const value = operand(slots);
    return value === null ? null : compute(value);
  };
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

const ARITHMETIC: Readonly<Record<Arithmetic, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
};

const MATH_FUNCTIONS: Readonly<Record<MathFunction, (value: number) => number>> = {
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  // The fraction is exact, so halves are distinguishable from their neighbours; Math.round rounds
  // them up.
  round: (value) => {
    const whole = Math.trunc(value);
    return Math.abs(value - whole) < 0.5 ? whole : whole + Math.sign(value);
  },
  sqrt: Math.sqrt,
};

/**
 * Turns a computed number into a value: null if it does not fit the type. A sum or product of
 * integers beyond 2^53 is rounded, but never to a safe integer. Never -0.
 */
const FITTED = {
  integer: (value: number): Value => (Number.isSafeInteger(value) ? value + 0 : null),
  double: (value: number): Value => (Number.isFinite(value) ? value + 0 : null),
};

/**
 * Predicates over text. For well-formed texts, comparing UTF-16 code units gives the same result as
 * comparing UTF-8 bytes.
 */
const STRING_PREDICATES: Readonly<Record<StringPredicate, (text: string, part: string) => boolean>> = {
  startsWith: (text, part) => text.startsWith(part),
  endsWith: (text, part) => text.endsWith(part),
  contains: (text, part) => text.includes(part),
};

/**
 * Parts of a time in UTC, by the Gregorian calendar, which is also applied to dates before its
 * introduction.
 */
const TIME_PART: Readonly<Record<TimePart, (timeMs: number) => number>> = {
  year: (timeMs) => new Date(timeMs).getUTCFullYear(),
  month: (timeMs) => new Date(timeMs).getUTCMonth() + 1,
  day: (timeMs) => new Date(timeMs).getUTCDate(),
  hour: (timeMs) => new Date(timeMs).getUTCHours(),
  minute: (timeMs) => new Date(timeMs).getUTCMinutes(),
  second: (timeMs) => new Date(timeMs).getUTCSeconds(),
  dayOfWeek: (timeMs) => new Date(timeMs).getUTCDay() || 7,
  epochMs: (timeMs) => timeMs,
};

/** The number of code points of a well-formed text. */
function lengthOf(text: string): number {
  let length = 0;
  for (let index = 0; index < text.length; index = nextCharacter(text, index)) length++;
  return length;
}

function characters(text: string, start: number, length: number): string {
  let from = 0;
  for (let skipped = 0; skipped < start && from < text.length; skipped++) from = nextCharacter(text, from);
  let to = from;
  for (let taken = 0; taken < length && to < text.length; taken++) to = nextCharacter(text, to);
  return text.slice(from, to);
}

function nextCharacter(text: string, index: number): number {
  return index + ((text.charCodeAt(index) & 0xfc00) === 0xd800 ? 2 : 1);
}
