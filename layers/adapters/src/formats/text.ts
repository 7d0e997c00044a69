import { isUtf8 } from 'node:buffer';

/** Decodes UTF-8. Null if the bytes are not UTF-8. */
export function utf8Of(bytes: Uint8Array): string | null {
  if (!isUtf8(bytes)) return null;
  return bufferOf(bytes).toString('utf8');
}

/** Bytes that are not UTF-8, as one line: printable ASCII unchanged, other bytes as `\xff`. */
export function escapedBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}

/** The same bytes with the methods of Node.js. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
