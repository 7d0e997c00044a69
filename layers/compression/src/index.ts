export { type Codec, codecOfAttributes, compress, decompress } from './codec.ts';
export { CorruptDataError, DecodedTooLargeError } from './errors.ts';
