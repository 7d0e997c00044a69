import type { ExpressionNode } from '../plan/expression.ts';
import type { Plan } from '../plan/plan.ts';

/**
 * Cassandra refuses clustering values beyond 65,535 bytes. A record with a longer key would fail on
 * every retry.
 */
export const KEY_LIMIT_BYTES = 60_000;

/**
 * The parts that determine the size of a key: the number of times that each text column occurs, and
 * the bytes of literal texts.
 */
interface Share {
  readonly times: ReadonlyMap<string, number>;
  readonly literalBytes: number;
}

const NOTHING: Share = { times: new Map(), literalBytes: 0 };

/**
 * The longest key that a record can produce: the key of its row, including derived columns, or the
 * key of a lookup. Columns of lookups are not part of the record.
 */
export function keySizeOf({ columns, groupBy, lookups, flatMap, derived }: Plan): {
  readonly columns: readonly string[];
  /** `items` are the items of the record; the longest one counts. */
  readonly sizeBytes: (values: readonly unknown[], items?: readonly unknown[]) => number;
} {
  const shares = new Map<string, Share>(
    columns
      .filter(({ type }) => type === 'text')
      .map(({ name }) => [name, { times: new Map([[name, 1]]), literalBytes: 0 }]),
  );
  if (flatMap?.type === 'text') shares.set(flatMap.name, { times: new Map([[flatMap.name, 1]]), literalBytes: 0 });
  const ofField = (name: string): Share => shares.get(name) ?? NOTHING;
  for (const { name, expression, type } of derived) if (type === 'text') shares.set(name, shareOf(expression, ofField));
  const row = groupBy.map(ofField).reduce(together, NOTHING);
  const { times, literalBytes } = lookups.map(({ on }) => ofField(on)).reduce(eitherOf, row);
  const keyed = columns.flatMap(({ name }, index) => {
    const count = times.get(name);
    return count === undefined ? [] : [{ name, index, count }];
  });
  const ofItem = flatMap === undefined ? 0 : (times.get(flatMap.name) ?? 0);
  return {
    columns: [...keyed.map(({ name }) => name), ...(flatMap !== undefined && ofItem > 0 ? [flatMap.name] : [])],
    sizeBytes: (values, items = []) => {
      const itemBytes = ofItem === 0 ? 0 : ofItem * longestBytes(items);
      // An upper bound first, because exact sizes are slow: a UTF-16 unit takes at most six bytes
      // of JSON.
      let atMostBytes = literalBytes + itemBytes;
      for (const { index, count } of keyed) atMostBytes += 6 * count * ((values[index] as string | null)?.length ?? 0);
      if (atMostBytes <= KEY_LIMIT_BYTES) return atMostBytes;
      return keyed.reduce(
        (total, { index, count }) => total + count * Buffer.byteLength(JSON.stringify(values[index])),
        literalBytes + itemBytes,
      );
    },
  };
}

function longestBytes(items: readonly unknown[]): number {
  return items.reduce<number>((longest, item) => Math.max(longest, Buffer.byteLength(JSON.stringify(item))), 0);
}

/** The parts of a text. Only expressions of text are passed. */
function shareOf(node: ExpressionNode, ofField: (name: string) => Share): Share {
  const of = (operand: ExpressionNode): Share => shareOf(operand, ofField);
  switch (node.kind) {
    case 'field':
      return ofField(node.field);
    case 'literal':
      return { times: new Map(), literalBytes: Buffer.byteLength(JSON.stringify(node.value)) };
    case 'concat':
      return node.operands.map(of).reduce(together, NOTHING);
    case 'case':
      return [...node.branches.map(({ value }) => value), node.otherwise].map(of).reduce(eitherOf, NOTHING);
    case 'coalesce':
      return node.operands.map(of).reduce(eitherOf, NOTHING);
    case 'substring':
    case 'changeCase':
      return of(node.operand);
    default:
      return NOTHING;
  }
}

function together(left: Share, right: Share): Share {
  return combined(left, right, (one, other) => one + other);
}

function eitherOf(left: Share, right: Share): Share {
  return combined(left, right, Math.max);
}

function combined(left: Share, right: Share, combine: (one: number, other: number) => number): Share {
  const names = new Set([...left.times.keys(), ...right.times.keys()]);
  return {
    times: new Map(Array.from(names, (name) => [name, combine(left.times.get(name) ?? 0, right.times.get(name) ?? 0)])),
    literalBytes: combine(left.literalBytes, right.literalBytes),
  };
}
