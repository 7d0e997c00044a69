/**
 * What is mutated: all of core that decides a number, or reads and writes the bytes of one, by what it does.
 *
 * Not here: `sql.ts`, `expression-sql.ts` and `tables.ts`, which say it once more for an engine and are judged by that engine (test/laws/sql.test.ts, test/integration), too slowly
 * for a thousand mutants; the checks of a definition, whose refusals test/unit/definition.test.ts lists one by one; and files of types alone.
 */
const FILES = {
  fold: ['fold.ts', 'segment.ts', 'duplicates.ts', 'items.ts', 'evaluate.ts', 'interpret.ts'],
  merge: ['answer.ts', 'coverage.ts', 'search.ts', 'order.ts', 'publish.ts'],
  windows: [
    ...['panes', 'windows', 'calendar'],
    ...['window', 'duration', 'zone-clock'].map((name) => `definition/${name}`),
  ].map((name) => `${name}.ts`),
  aggregates: [
    ...['count', 'exact', 'sum', 'mean', 'moments', 'extremes'],
    ...['quantile', 'distinct', 'truth', 'dyadic', 'covariance', 'decimals', 'histogram'],
    ...['observation', 'ordered', 'frequent', 'collect', 'own', 'takes', 'result', 'index'],
  ].map((name) => `aggregates/${name}.ts`),
  codecs: ['codec.ts', 'row.ts', 'record.ts', 'value.ts', 'decimal.ts', 'key-size.ts', 'plan.ts'],
};

export type Group = keyof typeof FILES;

export const GROUPS = Object.keys(FILES) as readonly Group[];

const CORE = 'layers/core/src';

/** Paths from the root of the checkout. */
export function filesOf(group: Group): readonly string[] {
  return FILES[group].map((file) => `${CORE}/${file}`);
}

/** The tests that judge: core's own, those of the definitions that it compiles, and the laws. What is quick comes first, so that most mutants fall at once. */
export const JUDGES = [
  `${CORE}/**/*.test.ts`,
  ...['decoder', 'fold', 'expressions', 'definition'].map((name) => `test/unit/${name}.test.ts`),
  ...['windows', 'aggregates', 'fold', 'composed-windows', 'merge', 'duplicates', 'calendar', 'flat-map'].map(
    (name) => `test/laws/${name}.test.ts`,
  ),
];
