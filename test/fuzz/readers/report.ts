import { type Fuzzed, fuzzReaders } from './fuzz-readers.ts';

export interface ReadersOptions {
  readonly seed: number;
  readonly minutes: number;
  /** The number of the only attempt. Undefined: as many as there is time for. */
  readonly only: number | undefined;
  readonly say: (text: string) => void;
}

const EVERY = 200;

/** Tries files until the time is over, and says how far it is. */
export function fuzzForMinutes({ seed, minutes, only, say }: ReadersOptions): Promise<Fuzzed> {
  const endsAtMs = performance.now() + minutes * 60_000;
  const untilThen = function* () {
    for (let index = 0; performance.now() < endsAtMs; index++) yield index;
  };
  return fuzzReaders({
    seed,
    indexes: only === undefined ? untilThen() : [only],
    onProgress: (attempts, found) => {
      if (attempts % EVERY === 0) say(`${attempts} files tried, ${found.length} violations`);
    },
  });
}

/** The attempts by reader, and the violations with the command that repeats each. */
export function readersText(seed: number, { attempts, statuses, residentBytesMax, found }: Fuzzed): string {
  const readers = Object.entries(statuses).map(([reader, counts]) => {
    const codes = Object.entries(counts).map(([status, count]) => `${count} ended with ${status}`);
    return `  ${reader.padEnd(9)} ${codes.join(', ')}`;
  });
  const failures = found.map(
    ({ index, violation }) => `\n${violation}\nnpm run fuzz -- --readers --seed ${seed} --path ${index}`,
  );
  const size = Math.round(residentBytesMax / 1024 ** 2);
  return [`${attempts} files from seed ${seed}, at most ${size} MiB resident`, ...readers, ...failures].join('\n');
}
