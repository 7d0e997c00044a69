import { type Coverage, normalRanges, type Range, withoutRange } from './coverage.ts';

/**
 * The source of records. `archive` reads from the log only the offsets that the archive lacks;
 * `either` reads from the archive only those that the log has deleted.
 */
export type Source = 'log' | 'archive' | 'either';

/** The source of each offset; `missing` offsets are in none of the requested sources. */
export interface ResolvedSources {
  readonly log: Coverage;
  readonly archive: Coverage;
  readonly missing: Coverage;
}

/** Splits offsets among the log, the archive, and nowhere. */
export function resolveSources(wanted: Coverage, source: Source, log: Coverage, archive: Coverage): ResolvedSources {
  switch (source) {
    case 'log':
      return { log: common(wanted, log), archive: {}, missing: without(wanted, log) };
    case 'archive': {
      const rest = without(wanted, archive);
      return { archive: common(wanted, archive), log: common(rest, log), missing: without(rest, log) };
    }
    case 'either': {
      const rest = without(wanted, log);
      return { log: common(wanted, log), archive: common(rest, archive), missing: without(rest, archive) };
    }
  }
}

function without(coverage: Coverage, taken: Coverage): Coverage {
  return mapped(coverage, (ranges, partition) => (taken[partition] ?? []).reduce(withoutRange, normalRanges(ranges)));
}

function common(left: Coverage, right: Coverage): Coverage {
  return mapped(left, (ranges, partition) =>
    normalRanges(
      ranges.flatMap(([from, to]) =>
        (right[partition] ?? []).map(([start, end]): Range => [Math.max(from, start), Math.min(to, end)]),
      ),
    ),
  );
}

/** Maps the ranges of each partition, and omits partitions without ranges. */
function mapped(
  coverage: Coverage,
  change: (ranges: readonly Range[], partition: string) => readonly Range[],
): Coverage {
  return Object.fromEntries(
    Object.entries(coverage)
      .map(([partition, ranges]) => [partition, change(ranges, partition)] as const)
      .filter(([, ranges]) => ranges.length > 0),
  );
}
