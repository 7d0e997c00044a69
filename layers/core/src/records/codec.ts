import { CodecError } from '../errors.ts';

/**
 * Canonical bytes: equal values, equal bytes, on every machine. Two writers that folded the same
 * prefix must write the same cell, since the database settles ties between equal timestamps by
 * comparing values.
 */
export class Writer {
  private bytes = Buffer.allocUnsafe(64);
  private length = 0;

  /** A whole number from 0 to 2^53 - 1, seven bits a byte, lowest first (LEB128). */
  unsigned(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** IEEE-754 binary64, big endian. */
  double(value: number): void {
    this.reserve(8);
    this.length = this.bytes.writeDoubleBE(value, this.length);
  }

  /** A whole number below 2^64, in eight bytes, highest first. */
  unsigned64(value: bigint): void {
    this.reserve(8);
    this.length = this.bytes.writeBigUInt64BE(value, this.length);
  }

  /** A whole number of any size: sign, number of bytes, magnitude, highest byte first. */
  big(value: bigint): void {
    const magnitude = value < 0n ? -value : value;
    const digits = magnitude === 0n ? '' : magnitude.toString(16);
    const bytes = Buffer.from(digits.length % 2 === 1 ? `0${digits}` : digits, 'hex');
    this.byte(value < 0n ? 1 : 0);
    this.unsigned(bytes.length);
    this.reserve(bytes.length);
    bytes.copy(this.bytes, this.length);
    this.length += bytes.length;
  }

  /** Well-formed text: its size in bytes, then UTF-8. */
  text(value: string): void {
    const sizeBytes = Buffer.byteLength(value);
    this.unsigned(sizeBytes);
    this.reserve(sizeBytes);
    this.length += this.bytes.write(value, this.length);
  }

  /** A copy of what was written so far; the writer starts again, empty. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.length));
    this.clear();
    return taken;
  }

  /** Drops the bytes written so far, for example after a failure midway. */
  clear(): void {
    this.length = 0;
  }

  private reserve(sizeBytes: number): void {
    if (this.length + sizeBytes <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + sizeBytes));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}

/** Reads what a `Writer` wrote. @throws {CodecError} when the bytes end early. */
export class Reader {
  private readonly bytes: Buffer;
  private position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  byte(): number {
    const byte = this.bytes[this.position++];
    return byte === undefined ? this.refuse() : byte;
  }

  double(): number {
    if (this.position + 8 > this.bytes.length) return this.refuse();
    this.position += 8;
    return this.bytes.readDoubleBE(this.position - 8);
  }

  unsigned64(): bigint {
    if (this.position + 8 > this.bytes.length) return this.refuse();
    this.position += 8;
    return this.bytes.readBigUInt64BE(this.position - 8);
  }

  big(): bigint {
    const negative = this.byte() === 1;
    const sizeBytes = this.unsigned();
    if (this.position + sizeBytes > this.bytes.length) return this.refuse();
    const digits = this.bytes.toString('hex', this.position, this.position + sizeBytes);
    this.position += sizeBytes;
    const magnitude = digits === '' ? 0n : BigInt(`0x${digits}`);
    return negative ? -magnitude : magnitude;
  }

  text(): string {
    const sizeBytes = this.unsigned();
    if (this.position + sizeBytes > this.bytes.length) return this.refuse();
    this.position += sizeBytes;
    return this.bytes.toString('utf8', this.position - sizeBytes, this.position);
  }

  /**
   * @throws {CodecError} when bytes are left over: they would be a state that this code does not
   * know.
   */
  end(): void {
    if (this.position !== this.bytes.length) this.refuse();
  }

  /** @throws {CodecError} for bytes that no state has */
  refuse(): never {
    throw new CodecError('BIFOLD_BAD_CELL', {
      failed: 'a stored state cannot be read',
      received: `${this.bytes.length} bytes, at ${this.position}: ${this.bytes.toString('hex', 0, 64)}`,
      allowed: 'the bytes that this version of the view writes',
      remedy: 'deploy the code that wrote them, or drop the view version and let it be recomputed',
    });
  }
}
