import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { lz4Compress, snappyCompress } from '@platformatic/wasm-utils';
import { type Codec, codecOfAttributes, compress, decompress } from './codec.ts';
import { CorruptDataError, DecodedTooLargeError } from './errors.ts';

const MEGABYTE = 1_000_000;
const xerial = (...blocks: readonly Buffer[]) => {
  const length = (block: Buffer) => Buffer.from(Uint32Array.of(block.length).buffer).swap32();
  const header = Buffer.from('82534e41505059000000000100000001', 'hex');
  return Buffer.concat([header, ...blocks.flatMap((block) => [length(block), block])]);
};

describe.each<Codec>(['gzip', 'snappy', 'lz4', 'zstd'])('%s', (codec) => {
  const text = Buffer.from('what a producer sends, '.repeat(10_000));

  it('decodes what it encodes, of every size', async () => {
    for (const size of [0, 1, 100, 65_536, text.length]) {
      const data = text.subarray(0, size);
      const encoded = await compress(codec, data);
      expect((await decompress(codec, encoded, MEGABYTE)).equals(data)).toBe(true);
    }
  });

  it('refuses data that decodes to more than the limit', async () => {
    const encoded = await compress(codec, Buffer.alloc(90 * MEGABYTE));
    await expect(decompress(codec, encoded, 8 * MEGABYTE)).rejects.toBeInstanceOf(DecodedTooLargeError);
    expect(await decompress(codec, encoded, 91 * MEGABYTE)).toHaveLength(90 * MEGABYTE);
  });

  it('says that bytes are not of this codec, and goes on', async () => {
    for (const bytes of ['', 'no codec writes this', '\xff\xff\xff\xff\xff\xff']) {
      const corrupt = decompress(codec, Buffer.from(bytes, 'latin1'), MEGABYTE);
      await expect(corrupt).rejects.toBeInstanceOf(CorruptDataError);
    }
    const cut = (await compress(codec, text)).subarray(0, -9);
    await expect(decompress(codec, cut, MEGABYTE)).rejects.toBeInstanceOf(CorruptDataError);
    expect((await decompress(codec, await compress(codec, text), MEGABYTE)).equals(text)).toBe(true);
  });
});

describe('framing', () => {
  it('joins the blocks of snappy-java, and bounds their sum', async () => {
    const framed = xerial(snappyCompress(Buffer.from('one, ')), snappyCompress(Buffer.from('two')));
    expect((await decompress('snappy', framed, 8)).toString()).toBe('one, two');
    await expect(decompress('snappy', framed, 7)).rejects.toBeInstanceOf(DecodedTooLargeError);
    await expect(decompress('snappy', framed.subarray(0, -1), 8)).rejects.toBeInstanceOf(CorruptDataError);
  });

  it('does not believe the size that a snappy block claims', async () => {
    const claimsOne = Buffer.from(snappyCompress(Buffer.alloc(100)));
    claimsOne[0] = 1;
    await expect(decompress('snappy', claimsOne, MEGABYTE)).rejects.toBeInstanceOf(CorruptDataError);
  });

  it('bounds an lz4 frame by its blocks', async () => {
    const frame = lz4Compress(Buffer.from('x'.repeat(200)));
    expect(await decompress('lz4', frame, 65_536)).toHaveLength(200);
  });

  it('joins the members of one gzip', async () => {
    const [one, two] = [Buffer.from('one, '), Buffer.from('two')];
    const zipped = Buffer.concat([gzipSync(one), gzipSync(two)]);
    expect((await decompress('gzip', zipped, 8)).toString()).toBe('one, two');
  });

  it('reads the codec from the attributes of a batch, whatever else they say', () => {
    expect([0, 1, 2, 3, 4, 0b111_000].map(codecOfAttributes)).toEqual([null, 'gzip', 'snappy', 'lz4', 'zstd', null]);
    expect(() => codecOfAttributes(5)).toThrow(CorruptDataError);
  });
});
