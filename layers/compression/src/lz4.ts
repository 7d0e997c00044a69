import { lz4Decompress } from '@platformatic/wasm-utils';
import { CorruptDataError, DecodedTooLargeError } from './errors.ts';

/** @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md */
const MAGIC = 0x184d2204;
const FIXED_HEADER_BYTES = 7;
const HAS_DICTIONARY = 1 << 0;
const HAS_CONTENT_SIZE = 1 << 3;
const HAS_BLOCK_CHECKSUMS = 1 << 4;
const IS_STORED = 0x80000000;
/** Block sizes of the header's codes 4 to 7. */
const BLOCK_BYTES_MAX: Readonly<Record<number, number>> = { 4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22 };
/** One byte of an LZ4 block decodes to at most this many bytes. */
const RATIO_MAX = 255;

export function decompressLz4(data: Buffer, limitBytes: number): Buffer {
  if (decodedBytesMax(data) > limitBytes) throw new DecodedTooLargeError(limitBytes);
  return lz4Decompress(data);
}

/**
 * An upper bound of the decoded size, from the lengths of the blocks. The size in the frame header
 * is not trusted.
 */
function decodedBytesMax(data: Buffer): number {
  if (data.length < FIXED_HEADER_BYTES || data.readUInt32LE(0) !== MAGIC) {
    throw new CorruptDataError('lz4', 'data that does not begin with a frame');
  }
  const flags = data[4] as number;
  const blockBytesMax = BLOCK_BYTES_MAX[((data[5] as number) >> 4) & 0b111];
  if (blockBytesMax === undefined) throw new CorruptDataError('lz4', 'a frame without a block size');
  const checksumBytes = flags & HAS_BLOCK_CHECKSUMS ? 4 : 0;
  let at = FIXED_HEADER_BYTES + (flags & HAS_CONTENT_SIZE ? 8 : 0) + (flags & HAS_DICTIONARY ? 4 : 0);
  for (let sum = 0; ; ) {
    if (at + 4 > data.length) throw new CorruptDataError('lz4', 'a frame without its end');
    const length = data.readUInt32LE(at);
    if (length === 0) return sum;
    const isStored = length >= IS_STORED;
    const size = isStored ? length - IS_STORED : length;
    sum += Math.min(blockBytesMax, isStored ? size : size * RATIO_MAX);
    at += 4 + size + checksumBytes;
  }
}
