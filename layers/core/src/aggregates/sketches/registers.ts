import type { Reader, Writer } from '../../records/codec.ts';

/** 2^12 registers: a standard error of 1.04 / 64 = 1.6 %. */
const INDEX_BITS = 12n;
export const REGISTERS = 2 ** Number(INDEX_BITS);
/** The standard error of the estimate, relative to it. */
export const STANDARD_ERROR = 1.04 / Math.sqrt(REGISTERS);
/** Corrects the mean of that many registers (Flajolet and others, 2007). */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);
const RANK_BITS = 64n - INDEX_BITS;

/**
 * HyperLogLog: for each register, the longest run of zeros among its hashes, plus one. 0 if it has
 * no hash.
 */
export type Registers = Uint8Array;

/**
 * Adds a hash, in place. Its upper bits are the index of a register. The number of zeros at the
 * start of the other bits is its rank, and the register keeps the largest rank.
 */
export function raise(registers: Registers, hash: bigint): void {
  const rest = BigInt.asUintN(Number(RANK_BITS), hash);
  const zeros = Number(RANK_BITS) - (rest === 0n ? 0 : rest.toString(2).length);
  const index = Number(hash >> RANK_BITS);
  registers[index] = Math.max(registers[index] as number, zeros + 1);
}

export function registersOf(hashes: Iterable<bigint>): Registers {
  const registers = new Uint8Array(REGISTERS);
  for (const hash of hashes) raise(registers, hash);
  return registers;
}

/** The estimated number of different hashes. */
export function estimate(registers: Registers): number {
  let sum = 0;
  let unused = 0;
  for (const rank of registers) {
    sum += 2 ** -rank;
    if (rank === 0) unused++;
  }
  const byRanks = (ALPHA * REGISTERS * REGISTERS) / sum;
  // With few values, the number of unused registers gives a better estimate than the ranks.
  return Math.round(byRanks <= 2.5 * REGISTERS && unused > 0 ? REGISTERS * Math.log(REGISTERS / unused) : byRanks);
}

/** Writes only the registers in use, or all of them if that is shorter. */
export function writeRegisters(registers: Registers, writer: Writer): void {
  const used = registers.reduce((total, rank) => total + (rank > 0 ? 1 : 0), 0);
  writer.unsigned(used);
  let next = 0;
  registers.forEach((rank, index) => {
    if (rank === 0) return;
    if (used <= REGISTERS / 2) writer.unsigned(index - next);
    else for (; next < index; next++) writer.byte(0);
    writer.byte(rank);
    next = index + 1;
  });
  if (used > REGISTERS / 2) for (; next < REGISTERS; next++) writer.byte(0);
}

export function readRegisters(reader: Reader): Registers {
  const used = reader.unsigned();
  const registers = new Uint8Array(REGISTERS);
  if (used > REGISTERS / 2) for (let index = 0; index < REGISTERS; index++) registers[index] = reader.byte();
  else {
    for (let left = used, index = 0; left > 0; left--, index++) {
      index += reader.unsigned();
      registers[index] = reader.byte();
    }
  }
  return registers;
}
