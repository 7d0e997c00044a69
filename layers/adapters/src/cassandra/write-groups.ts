import { eachOf } from '../concurrency.ts';
import type { CassandraClient, Statement } from './client.ts';

export const WRITES_IN_FLIGHT = 32;
const BATCH_ROWS_MAX = 400;
const BATCH_SIZE_BYTES_MAX = 64 * 1024;

/**
 * Writes groups of rows, each group of one Cassandra partition, as unlogged batches of bounded
 * size: one mutation each, without the batch log. Resolves when every batch was acknowledged.
 */
export async function writeGroups(client: CassandraClient, groups: Iterable<Iterable<Statement>>): Promise<void> {
  await eachOf(batches(groups), WRITES_IN_FLIGHT, (batch) => client.executeBatch(batch));
}

function* batches(groups: Iterable<Iterable<Statement>>): Generator<Statement[]> {
  for (const group of groups) {
    let batch: Statement[] = [];
    let sizeBytes = 0;
    for (const statement of group) {
      const size = sizeOf(statement);
      if (batch.length > 0 && (batch.length === BATCH_ROWS_MAX || sizeBytes + size > BATCH_SIZE_BYTES_MAX)) {
        yield batch;
        batch = [];
        sizeBytes = 0;
      }
      batch.push(statement);
      sizeBytes += size;
    }
    if (batch.length > 0) yield batch;
  }
}

function sizeOf({ values }: Statement): number {
  let size = 0;
  for (const value of values) size += typeof value === 'string' || Buffer.isBuffer(value) ? value.length : 8;
  return size;
}
