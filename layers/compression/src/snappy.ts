import { snappyDecompress } from '@platformatic/wasm-utils';
import { CorruptDataError, DecodedTooLargeError } from './errors.ts';

/**
 * snappy-java, which Java clients use, frames blocks: this magic, two versions, then blocks with
 * their lengths.
 */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;
const BLOCK_LENGTH_BYTES = 4;
/** A length of 32 bits takes at most five bytes of seven bits. */
const LENGTH_BYTES_MAX = 5;

export function decompressSnappy(data: Buffer, limitBytes: number): Buffer {
  const blocks = data.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC) ? xerialBlocks(data) : [data];
  let sizeBytes = 0;
  for (const block of blocks) {
    sizeBytes += decodedLength(block);
    if (sizeBytes > limitBytes) throw new DecodedTooLargeError(limitBytes);
  }
  return blocks.length === 1 ? snappyDecompress(blocks[0] as Buffer) : Buffer.concat(blocks.map(snappyDecompress));
}

function xerialBlocks(data: Buffer): readonly Buffer[] {
  const blocks: Buffer[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < data.length; ) {
    const begin = at + BLOCK_LENGTH_BYTES;
    const end = begin <= data.length ? begin + data.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > data.length) throw new CorruptDataError('snappy', `a block that ends after the data, at byte ${at}`);
    blocks.push(data.subarray(begin, end));
    at = end;
  }
  return blocks;
}

/**
 * A block begins with its decoded length, seven bits per byte. The decoder refuses a block of
 * another length.
 */
function decodedLength(block: Buffer): number {
  let length = 0;
  for (let index = 0; index < LENGTH_BYTES_MAX; index++) {
    const byte = block[index];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return length;
  }
  throw new CorruptDataError('snappy', 'a block without its length');
}
