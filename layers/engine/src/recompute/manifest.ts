import { join } from 'node:path';
import {
  type ArchiveStore,
  firstForwardedSql,
  type Manifest,
  type Plan,
  type SqlEngine,
  segmentStart,
  textLiteral,
} from '@bifold/core/engine';

/**
 * The table of covered records, both events and poison. Each record is in it once, even if a relay
 * copied it twice.
 */
export const COVERED = 'covered';

const FETCHES_AT_ONCE = 4;

/**
 * Downloads the manifest's files and loads them as one table, limited to the segments that the run
 * covers.
 */
export async function loadManifest(
  manifest: Manifest,
  plan: Plan,
  archive: ArchiveStore,
  engine: SqlEngine,
  scratch: string,
): Promise<void> {
  const paths = manifest.files.map((file) => join(scratch, `${file.partition}-${file.start}.parquet`));
  for (let index = 0; index < manifest.files.length; index += FETCHES_AT_ONCE) {
    const files = manifest.files.slice(index, index + FETCHES_AT_ONCE);
    await Promise.all(files.map((file, position) => archive.fetch(file, paths[index + position] as string)));
  }
  const limits = Object.entries(manifest.cuts).map(
    ([partition, cut]) => `(${Number(partition)}, ${segmentStart(cut, plan.storage.segmentSize)})`,
  );
  await engine.run(`CREATE TABLE cuts AS SELECT * FROM (VALUES ${limits.join(', ')}) AS limits(partition, below)`);
  const covered = `SELECT files.* FROM read_parquet([${paths.map(textLiteral).join(', ')}]) files JOIN cuts ON cuts.partition = files._partition AND files._offset < cuts.below`;
  await engine.run(`CREATE VIEW ${COVERED} AS ${firstForwardedSql(plan, covered)}`);
}
