interface Partition<V> {
  deletedAt: bigint | null;
  readonly deletedRows: Map<string, bigint>;
  readonly cells: Map<string, Cell<V>>;
}

interface Cell<V> {
  readonly timestamp: bigint;
  readonly bytes: Uint8Array;
  readonly value: V;
}

/**
 * Cassandra's reconciliation. Of two writes of a cell, the one with the higher timestamp wins; at
 * equal timestamps, the larger bytes win. A deletion of a partition or row hides everything at or
 * below its timestamp. Neither the order nor the number of arrivals matters.
 */
export class CellTable<V> {
  readonly #partitions = new Map<string, Partition<V>>();

  write(partition: string, row: string, timestamp: bigint, bytes: Uint8Array, value: V): void {
    const { cells } = this.#open(partition);
    const stored = cells.get(row);
    if (stored !== undefined) {
      if (stored.timestamp > timestamp) return;
      if (stored.timestamp === timestamp && Buffer.compare(stored.bytes, bytes) >= 0) return;
    }
    cells.set(row, { timestamp, bytes, value });
  }

  delete(partition: string, timestamp: bigint): void {
    const opened = this.#open(partition);
    if (opened.deletedAt === null || opened.deletedAt < timestamp) opened.deletedAt = timestamp;
  }

  deleteRow(partition: string, row: string, timestamp: bigint): void {
    const { deletedRows } = this.#open(partition);
    const stored = deletedRows.get(row);
    if (stored === undefined || stored < timestamp) deletedRows.set(row, timestamp);
  }

  /** Clears the table like TRUNCATE, including deletions. */
  clear(): void {
    this.#partitions.clear();
  }

  rows(partition: string): V[] {
    const stored = this.#partitions.get(partition);
    if (stored === undefined) return [];
    const { deletedAt, deletedRows, cells } = stored;
    return [...cells].flatMap(([row, { timestamp, value }]) => {
      const hidden = (deletion: bigint | null | undefined) => deletion != null && deletion >= timestamp;
      return hidden(deletedAt) || hidden(deletedRows.get(row)) ? [] : [value];
    });
  }

  #open(partition: string): Partition<V> {
    const stored = this.#partitions.get(partition);
    if (stored !== undefined) return stored;
    const opened: Partition<V> = { deletedAt: null, deletedRows: new Map(), cells: new Map() };
    this.#partitions.set(partition, opened);
    return opened;
  }
}

/** A partition or row key of several columns. */
export function joinKey(...columns: readonly (string | number)[]): string {
  return JSON.stringify(columns);
}

export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** The bytes of a 64-bit column. */
export function bytesOf(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}
