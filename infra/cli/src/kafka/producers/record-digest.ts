import { createHash, type Hash } from 'node:crypto';
import type { KeyedRecord } from './produce.ts';

const NULL_LENGTH = -1;

/** A digest over the keys and values of records in their order. */
export class RecordDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #length = Buffer.alloc(4);

  add({ key, value }: KeyedRecord): void {
    this.#part(key === null ? null : Buffer.from(key));
    this.#part(Buffer.isBuffer(value) ? value : Buffer.from(value));
  }

  /** The digest of the records so far; more may follow. */
  text(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Lengths come first, so that different lists of records never have the same bytes. */
  #part(bytes: Buffer | null): void {
    this.#length.writeInt32BE(bytes === null ? NULL_LENGTH : bytes.length);
    this.#hash.update(this.#length);
    if (bytes !== null) this.#hash.update(bytes);
  }
}
