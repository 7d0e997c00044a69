const CORE = 'layers/core/src';

const own = (...names: readonly string[]): readonly string[] => names.map((name) => `${CORE}/${name}.test.ts`);
const unit = (...names: readonly string[]): readonly string[] => names.map((name) => `test/unit/${name}.test.ts`);
const laws = (...names: readonly string[]): readonly string[] => names.map((name) => `test/laws/${name}.test.ts`);

interface Mutated {
  /** Of core, without `.ts`. */
  readonly files: readonly string[];
  /** The tests that judge: core's own, those of the definitions that it compiles, and the laws, as far as they are about this. What is quick comes first, so that most mutants fall at once. */
  readonly judges: readonly string[];
  /**
   * What this code computes stays in the process, as the days of a calendar do: a mutant's would be met by the tests of those after it. So each mutant has a process of its own, and few tests
   * to load.
   */
  readonly apart?: true;
}

/**
 * What is mutated: all of core that decides a number, or reads and writes the bytes of one, by what it does.
 *
 * Not here: `sql.ts`, `expression-sql.ts` and `tables.ts`, which say it once more for an engine and are judged by that engine (test/laws/sql.test.ts, test/integration), too slowly
 * for a thousand mutants; the checks of a definition, whose refusals test/unit/definition.test.ts lists one by one; and files of types alone.
 */
const MUTATED = {
  fold: {
    files: ['fold', 'segment', 'look-back', 'late', 'items', 'evaluate', 'interpret'],
    judges: [
      ...own('evaluate', 'segment', 'look-back', 'late', 'row', 'windows'),
      ...unit('fold', 'expressions', 'decoder', 'definition', 'scores'),
      ...laws('fold', 'duplicates', 'late', 'join', 'flat-map', 'composed-windows', 'merge'),
    ],
  },
  joins: {
    files: ['join', 'relay', 'id'],
    judges: [...own('join', 'relay', 'look-back'), ...unit('definition'), ...laws('join', 'duplicates')],
  },
  merge: {
    files: ['answer', 'finality', 'coverage', 'order', 'publish'],
    judges: [
      ...own('finality', 'coverage', 'order', 'publish', 'digest', 'windows'),
      ...laws('finality', 'fold', 'composed-windows', 'merge'),
    ],
  },
  windows: {
    files: ['panes', 'windows', 'definition/window', 'definition/duration'],
    judges: [...own('windows', 'row'), ...unit('fold', 'definition'), ...laws('windows', 'composed-windows', 'merge')],
  },
  calendars: {
    files: ['search', 'calendar', 'definition/zone-clock'],
    judges: [
      ...own('calendar', 'definition/zone-clock', 'coverage', 'look-back'),
      ...unit('definition'),
      ...laws('calendar', 'windows'),
    ],
    apart: true,
  },
  aggregates: {
    files: [
      ...['count', 'exact', 'sum', 'mean', 'moments', 'extremes'],
      ...['quantile', 'distinct', 'truth', 'dyadic', 'covariance', 'decimals', 'histogram'],
      ...['observation', 'ordered', 'frequent', 'collect', 'own', 'takes', 'result', 'index'],
    ].map((name) => `aggregates/${name}`),
    judges: [
      ...own('row'),
      ...unit('fold', 'definition'),
      ...laws('aggregates', 'fold'),
      ...own('aggregates/*', 'decimal'),
    ],
  },
  codecs: {
    files: ['codec', 'row', 'record', 'value', 'decimal', 'key-size', 'plan'],
    judges: [
      ...own('codec', 'row', 'decimal', 'plan', 'look-back', 'windows'),
      ...unit('decoder', 'expressions', 'fold', 'definition'),
      ...laws('fold', 'join', 'aggregates', 'flat-map'),
    ],
  },
} satisfies Readonly<Record<string, Mutated>>;

export type Group = keyof typeof MUTATED;

export const GROUPS = Object.keys(MUTATED) as readonly Group[];

export function mutatedBy(group: Group): Mutated {
  return MUTATED[group];
}

/** Paths from the root of the checkout. */
export function filesOf(group: Group): readonly string[] {
  return MUTATED[group].files.map((file) => `${CORE}/${file}.ts`);
}
