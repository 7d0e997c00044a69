import { isUtf8 } from 'node:buffer';

/** The text of bytes; null where they are not UTF-8. */
export function utf8Of(bytes: Uint8Array): string | null {
  if (!isUtf8(bytes)) return null;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** Bytes that are not UTF-8 in one line: printable ASCII as it is, the others as `\xff`. */
export function escapedBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}
