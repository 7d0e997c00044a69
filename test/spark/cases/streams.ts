import { randomOf } from '../../simulation/random.ts';
import { FIRST_MS, MINUTE_MS } from '../events.ts';
import type { Row, StreamCase } from '../streams.ts';

const BEFORE_MS = 30 * MINUTE_MS;
const AFTER_MS = 15 * MINUTE_MS;
const within = { beforeMs: BEFORE_MS, afterMs: AFTER_MS };

const rowAt = (at: number, n: number, key: string | null = 'a'): Row => ({ at, key, n });

/**
 * Files of a side: time goes on from one to the next, and some rows come late, or much too late.
 * The last one has a key: where Spark leaves out those without one, they move no watermark.
 */
function drawn(
  seed: number,
  name: string,
  keys: readonly (string | null)[] = ['a', 'b', 'c'],
): readonly (readonly Row[])[] {
  const random = randomOf(seed, name);
  return Array.from({ length: 5 }, (_, file) => {
    const rows = Array.from({ length: 12 }, (_, place) => {
      const late = random.chance(0.2) ? random.below(90 * MINUTE_MS) : 0;
      const at = FIRST_MS + file * 25 * MINUTE_MS + random.below(30 * MINUTE_MS) - late;
      const onTheMinute = random.chance(0.6) ? Math.floor(at / (5 * MINUTE_MS)) * 5 * MINUTE_MS : at;
      return rowAt(onTheMinute, file * 100 + place, random.pick(keys));
    });
    const lastMs = Math.max(...rows.map(({ at }) => at));
    return rows.map((row) => (row.at === lastMs ? { ...row, key: row.key ?? 'a' } : row));
  });
}

/** Two streams joined, or one after the other. */
export function streamCases(seed: number): readonly StreamCase[] {
  const sides = (name: string, keys?: readonly (string | null)[]) => ({
    left: drawn(seed, `${name} left`, keys),
    right: drawn(seed, `${name} right`, keys),
  });
  const far = [rowAt(FIRST_MS + 600 * MINUTE_MS, 9, 'far')];
  const edges = {
    left: [[rowAt(FIRST_MS, 1)], far],
    right: [
      [
        rowAt(FIRST_MS - BEFORE_MS, 1),
        rowAt(FIRST_MS - BEFORE_MS - 1, 2),
        rowAt(FIRST_MS + AFTER_MS, 3),
        rowAt(FIRST_MS + AFTER_MS + 1, 4),
      ],
      far,
    ],
  };
  // The watermark is exactly at the last possible partner of the first row.
  const leaving = (beyondMs: number) => {
    const atMs = FIRST_MS + AFTER_MS + beyondMs;
    return {
      left: [[rowAt(FIRST_MS, 1)], [rowAt(atMs + 20 * MINUTE_MS, 2, 'b')]],
      right: [[], [rowAt(atMs + 10 * MINUTE_MS, 3, 'c')]],
    };
  };
  // Its latest left row has no key.
  const left = [rowAt(FIRST_MS, 1)];
  const right = [[rowAt(FIRST_MS, 3, 'c')], [rowAt(FIRST_MS + 100 * MINUTE_MS, 4, 'd')]];
  const nullKeys = sides('full null keys', ['a', null]);
  const named = (files: readonly (readonly Row[])[]) =>
    files.map((rows) => rows.map((row) => ({ ...row, key: row.key ?? 'null' })));
  const types = ['inner', 'left', 'right', 'full'] as const;
  return [
    ...types.map((of): StreamCase => ({ name: `join of two streams: ${of}`, ...sides(of), of, within })),
    ...types.map((of): StreamCase => ({ name: `join of two streams: ${of}, at its bounds`, ...edges, of, within })),
    { name: 'join of two streams: a left row leaves, or does not yet', ...leaving(0), of: 'left', within },
    { name: 'join of two streams: a left row leaves a millisecond later', ...leaving(1), of: 'left', within },
    { name: 'join of two streams: inner, without a bound', ...sides('unbound'), of: 'inner', within: null },
    ...(['inner', 'left', 'right'] as const).map(
      (of): StreamCase => ({
        name: `join of two streams: ${of}, with keys that are null`,
        ...sides(`${of} null keys`, ['a', null]),
        of,
        within,
      }),
    ),
    {
      name: 'join of two streams: full, with keys that are null',
      ...nullKeys,
      of: 'full',
      within,
      differs: {
        why: 'in a full join of two streams null equals null to Spark, and in no other join of its own; to Bifold null equals nothing, as in SQL',
        joined: { left: named(nullKeys.left), right: named(nullKeys.right) },
        becomes: (row) => row.replaceAll('"null"', 'null'),
      },
    },
    {
      name: 'join of two streams: right, a key that is null comes last',
      left: [left, [rowAt(FIRST_MS + 100 * MINUTE_MS, 2, null)]],
      right,
      of: 'right',
      within,
      differs: {
        why: 'of the side whose unmatched rows a join leaves out, Spark leaves out rows without a key before it looks at their times, so that they move no watermark; in Bifold all rows of a stream do',
        joined: { left: [left, []], right },
        becomes: (row) => row,
      },
    },
    ...(['inner', 'left'] as const).map(
      (of): StreamCase => ({
        name: `join of two streams: ${of}, then counted in windows`,
        ...sides(`${of} counted`),
        of,
        within,
        isCounted: true,
      }),
    ),
    { name: 'union of two streams', ...sides('union'), of: 'union', within: null },
    {
      name: 'union of two streams, counted in windows',
      ...sides('counted union'),
      of: 'union',
      within: null,
      isCounted: true,
    },
  ];
}
