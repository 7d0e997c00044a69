import { hash } from 'node:crypto';
import type { Algebra } from './algebra.ts';

/** 2^12 registers: a standard error of 1.04 / 64 = 1.6 %. */
const INDEX_BITS = 12;
const REGISTERS = 2 ** INDEX_BITS;
/** Corrects the mean of that many registers (Flajolet and others, 2007). */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

/** For each register, the longest run of zeros that a hash brought, plus one; null when there was none. */
type Registers = Uint8Array | null;

function registerOf(value: unknown): { readonly index: number; readonly rank: number } {
  // A cryptographic hash needs no argument for its spread, and is the same everywhere.
  const digest = hash('sha1', JSON.stringify(value), 'buffer');
  const bits = digest.readBigUInt64BE(0);
  const rest = bits & 0xfffffffffffffn;
  const zeros = rest === 0n ? 52 : 52 - rest.toString(2).length;
  return { index: Number(bits >> 52n), rank: zeros + 1 };
}

function raised(state: Registers, index: number, rank: number): Registers {
  if (state !== null && (state[index] as number) >= rank) return state;
  const next = state === null ? new Uint8Array(REGISTERS) : state.slice();
  next[index] = rank;
  return next;
}

/**
 * About how many different values (HyperLogLog): within 1.6 % in two cases of three, 5 % nearly always, whatever their number; small numbers are nearly exact.
 * 0 of nothing.
 */
export const distinct: Algebra<Registers, number, unknown> = {
  empty: null,
  lift: (value) => {
    const { index, rank } = registerOf(value);
    return raised(null, index, rank);
  },
  add: (state, value) => {
    const { index, rank } = registerOf(value);
    return raised(state, index, rank);
  },
  addOwned: (state, value) => {
    const { index, rank } = registerOf(value);
    if (state === null) return raised(state, index, rank);
    if ((state[index] as number) < rank) state[index] = rank;
    return state;
  },
  merge: (left, right) => {
    if (left === null || right === null) return left ?? right;
    return left.map((rank, index) => Math.max(rank, right[index] as number));
  },
  present: (state) => {
    if (state === null) return 0;
    let sum = 0;
    let unused = 0;
    for (const rank of state) {
      sum += 2 ** -rank;
      if (rank === 0) unused++;
    }
    const estimate = (ALPHA * REGISTERS * REGISTERS) / sum;
    // Few values leave registers unused, and how many tells more than their ranks.
    return Math.round(estimate <= 2.5 * REGISTERS && unused > 0 ? REGISTERS * Math.log(REGISTERS / unused) : estimate);
  },
  /** The registers that are used, or all of them where that is shorter. */
  encode: (state, writer) => {
    const used = state === null ? 0 : state.reduce((total, rank) => total + (rank > 0 ? 1 : 0), 0);
    writer.unsigned(used);
    let next = 0;
    state?.forEach((rank, index) => {
      if (rank === 0) return;
      if (used <= REGISTERS / 2) writer.unsigned(index - next);
      else for (; next < index; next++) writer.byte(0);
      writer.byte(rank);
      next = index + 1;
    });
    if (used > REGISTERS / 2) for (; next < REGISTERS; next++) writer.byte(0);
  },
  decode: (reader) => {
    const used = reader.unsigned();
    if (used === 0) return null;
    const state = new Uint8Array(REGISTERS);
    if (used > REGISTERS / 2) for (let index = 0; index < REGISTERS; index++) state[index] = reader.byte();
    else {
      for (let left = used, index = 0; left > 0; left--, index++) {
        index += reader.unsigned();
        state[index] = reader.byte();
      }
    }
    return state;
  },
};
