/**
 * Kafka's murmur2 of a key's bytes, signed 32 bits, as in the Java client. So the partition of a
 * key does not depend on the client.
 */
function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const M = 0x5bd1e995;
  let hash = 0x9747b28c ^ length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const words = length >>> 2;
  for (let word = 0; word < words; word++) {
    let mixed = Math.imul(view.getInt32(word * 4, true), M);
    mixed ^= mixed >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(mixed, M);
  }
  // The remaining bytes of the last word, from the last to the first.
  const tail = length & ~3;
  if (length % 4 === 3) hash ^= (bytes[tail + 2] as number) << 16;
  if (length % 4 >= 2) hash ^= (bytes[tail + 1] as number) << 8;
  if (length % 4 >= 1) hash = Math.imul(hash ^ (bytes[tail] as number), M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/**
 * The partition of a key. Records without a key use the partition of the empty key, so their order
 * is total too.
 */
export function partitionOf(key: string | null, partitions: number): number {
  return (murmur2(Buffer.from(key ?? '')) & 0x7fffffff) % partitions;
}
