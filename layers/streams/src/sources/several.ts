import type { Position } from '../checkpoint/checkpoint.ts';
import type { OpenSource } from './source.ts';

interface Named {
  /** The key of this source in the combined position. */
  readonly name: string;
  readonly source: OpenSource;
  /** The side of a join to which its rows belong. */
  readonly side?: number;
}

/**
 * Combines several sources. They are read one after another, each with its own position and limits.
 */
export function severalSources(sources: readonly Named[]): OpenSource {
  const together = async (of: (each: Named) => Promise<Position>): Promise<Position> =>
    Object.fromEntries(await Promise.all(sources.map(async (each) => [each.name, await of(each)] as const)));
  const part = (position: Position, { name }: Named): Position => position[name] as Position;
  return {
    begin: () => together(({ source }) => source.begin()),
    available: (from) => together((each) => each.source.available(part(from, each))),
    bounded: (from, available) =>
      Object.fromEntries(
        sources.map((each) => [each.name, each.source.bounded(part(from, each), part(available, each))]),
      ),
    async *read(from, to) {
      for (const each of sources)
        for await (const chunk of each.source.read(part(from, each), part(to, each)))
          yield each.side === undefined ? chunk : { ...chunk, side: each.side };
    },
    close: async () => {
      await Promise.allSettled(sources.map(({ source }) => source.close()));
    },
  };
}
