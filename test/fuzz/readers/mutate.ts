import type { Random } from '../../simulation/random.ts';

type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** Bytes that have a meaning for one of the readers, or none for any. */
const SPLINTERS: readonly Buffer[] = [
  ...['"', '""', "'", '\n', '\r', '\r\n', ',', ';', '\t', '\\', '{', '}', '[', ']', ':', '\0', '\ufeff', '\u2028'],
  ...['NaN', '1e400', '-0', 'null', 'NA', '9007199254740993', '"__proto__":1,', '\\ud800', 'PAR1'],
].map((text) => Buffer.from(text));
const NOT_UTF8 = [Buffer.of(0xff), Buffer.of(0xc3), Buffer.of(0xed, 0xa0, 0x80), Buffer.of(0xff, 0xfe)];
const REPEATS_MAX = 5_000;
const BYTES_MAX = 1024 * 1024;

const inserted = (bytes: Buffer, at: number, part: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);

/** A piece of the bytes, of any length. */
function piece(bytes: Buffer, random: Random): readonly [number, number] {
  const from = random.below(bytes.length + 1);
  return [from, from + random.below(bytes.length - from + 1)];
}

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flip(bytes, random) {
    const changed = Buffer.from(bytes);
    const at = random.below(bytes.length);
    if (bytes.length > 0) changed[at] = (changed[at] as number) ^ (1 << random.below(8));
    return changed;
  },
  delete(bytes, random) {
    const [from, to] = piece(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  duplicate(bytes, random) {
    const [from, to] = piece(bytes, random);
    return inserted(bytes, to, bytes.subarray(from, to));
  },
  splice(bytes, random) {
    const [from, to] = piece(bytes, random);
    return inserted(bytes, random.below(bytes.length + 1), bytes.subarray(from, to));
  },
  truncate: (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  insert: (bytes, random) => inserted(bytes, random.below(bytes.length + 1), random.pick(SPLINTERS)),
  spoil: (bytes, random) => inserted(bytes, random.below(bytes.length + 1), random.pick(NOT_UTF8)),
  repeat(bytes, random) {
    const [from, to] = piece(bytes, random);
    const part = Buffer.concat(
      Array(1 + random.below(REPEATS_MAX)).fill(bytes.subarray(from, Math.min(to, from + 100))),
    );
    return inserted(bytes, to, part);
  },
};

const MUTATIONS_MAX = 4;

/** Changes a file in one to four ways. */
export function mutated(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let left = 1 + random.below(MUTATIONS_MAX); left > 0; left--) {
    const mutate = random.pick(Object.values(MUTATIONS));
    result = mutate(result, random).subarray(0, BYTES_MAX);
  }
  return result;
}
