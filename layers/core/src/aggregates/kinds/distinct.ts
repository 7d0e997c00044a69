import type { Scalar } from '../../json.ts';
import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';
import {
  estimate,
  type Registers,
  raise,
  readRegisters,
  registersOf,
  STANDARD_ERROR,
  writeRegisters,
} from '../sketches/registers.ts';
import { hashOfValue } from '../sketches/value-hash.ts';

/**
 * The limit of exact counting. The hashes then take 2 KiB, half of the largest size of the
 * registers.
 */
export const EXACT_VALUES_MAX = 256;

/**
 * A set of hashes while there are few values, then HyperLogLog registers. Null if there is no
 * value.
 */
type Distinct = ReadonlySet<bigint> | Registers | null;

/** The first byte of an encoded state, which says its form. */
const NOTHING = 0;
const HASHES = 1;
const REGISTERS = 2;

/**
 * The number of different values: exact up to 256, then estimated by HyperLogLog. The standard
 * error is 1.6 %, and 5 % is nearly never exceeded. 0 if there is no value. "Exact" means up to two
 * values with equal hashes (see `hashOfValue`).
 *
 * A state is a function of the set of hashes alone: the hashes up to `EXACT_VALUES_MAX`, and beyond
 * that the registers that they raise. So states merge in any order and grouping to the same bytes.
 */
export const distinctValues: Algebra<Distinct, number, Exclude<Scalar, null>> = {
  empty: null,
  lift: (value) => new Set([hashOfValue(value)]),
  add: (state, value) => withHash(copyOf(state), hashOfValue(value)),
  addOwned: (state, value) => withHash(state, hashOfValue(value)),
  merge: (left, right) => {
    if (left === null || right === null) return left ?? right;
    if (!isRegisters(right)) return withHashes(copyOf(left), right);
    if (!isRegisters(left)) return withHashes(copyOf(right), left);
    return left.map((rank, index) => Math.max(rank, right[index] as number));
  },
  present: (state) => (state === null ? 0 : isRegisters(state) ? estimate(state) : state.size),
  boundOf: (state) => (isRegisters(state) ? { relative: STANDARD_ERROR, kind: 'standard error' } : null),
  encode: (state, writer) => {
    if (state === null) return writer.byte(NOTHING);
    if (isRegisters(state)) {
      writer.byte(REGISTERS);
      return writeRegisters(state, writer);
    }
    writer.byte(HASHES);
    writer.unsigned(state.size);
    for (const hash of [...state].sort(compare)) writer.unsigned64(hash);
  },
  decode: (reader) => {
    switch (reader.byte()) {
      case NOTHING:
        return null;
      case HASHES:
        return new Set(Array.from({ length: reader.unsigned() }, () => reader.unsigned64()));
      case REGISTERS:
        return readRegisters(reader);
      default:
        return reader.refuse();
    }
  },
};

function isRegisters(state: Distinct): state is Registers {
  return state instanceof Uint8Array;
}

function copyOf(state: Distinct): Distinct {
  return state === null ? null : isRegisters(state) ? state.slice() : new Set(state);
}

/** Adds a hash to a state in place. The caller must be its only owner. */
function withHash(state: Distinct, hash: bigint): Distinct {
  if (state === null) return new Set([hash]);
  if (isRegisters(state)) {
    raise(state, hash);
    return state;
  }
  (state as Set<bigint>).add(hash);
  return state.size > EXACT_VALUES_MAX ? registersOf(state) : state;
}

function withHashes(state: Distinct, hashes: Iterable<bigint>): Distinct {
  let counted = state;
  for (const hash of hashes) counted = withHash(counted, hash);
  return counted;
}

function compare(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export const distinct: AggregateDescriptor<'distinct'> = {
  kind: 'distinct',
  input: 'scalars',
  output: () => 'integer',
  algebra: () => distinctValues,
};
