import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils';
import { CorruptDataError, DecodedTooLargeError } from './errors.ts';
import { decompressLz4 } from './lz4.ts';
import { decompressSnappy } from './snappy.ts';

export type Codec = 'gzip' | 'snappy' | 'lz4' | 'zstd';

const CODEC_MASK = 0b111;
const CODECS = [null, 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/**
 * The codec that a record batch names in its attributes, null if it is not compressed.
 *
 * @see https://kafka.apache.org/documentation/#recordbatch
 */
export function codecOfAttributes(attributes: number): Codec | null {
  const codec = CODECS[attributes & CODEC_MASK];
  if (codec !== undefined) return codec;
  throw new CorruptDataError('record batch', `codec ${attributes & CODEC_MASK}`);
}

const zipped = promisify(gzip);
const unzipped = promisify(gunzip);
const zstdCompressed = promisify(zstdCompress);
const zstdDecompressed = promisify(zstdDecompress);

export async function compress(codec: Codec, data: Buffer): Promise<Buffer> {
  switch (codec) {
    case 'gzip':
      return zipped(data);
    case 'snappy':
      return snappyCompress(data);
    case 'lz4':
      return lz4Compress(data);
    case 'zstd':
      return zstdCompressed(data);
  }
}

/**
 * Decodes compressed data of a Kafka batch, and never holds more than `limitBytes` of decoded data.
 *
 * gzip and zstd run on the thread pool. snappy and lz4 know the decoded size before they decode.
 *
 * @throws {DecodedTooLargeError} where there is more
 * @throws {CorruptDataError} where the bytes are not of this codec
 */
export async function decompress(codec: Codec, data: Buffer, limitBytes: number): Promise<Buffer> {
  try {
    switch (codec) {
      case 'gzip':
        return await unzipped(data, { maxOutputLength: limitBytes });
      case 'snappy':
        return decompressSnappy(data, limitBytes);
      case 'lz4':
        return decompressLz4(data, limitBytes);
      case 'zstd':
        return await zstdDecompressed(data, { maxOutputLength: limitBytes });
    }
  } catch (error) {
    if (error instanceof DecodedTooLargeError || error instanceof CorruptDataError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw new DecodedTooLargeError(limitBytes);
    throw new CorruptDataError(codec, message, { cause: error });
  }
}
