import { type ArchiveStore, type Plan, quoted, textLiteral } from '@bifold/core/engine';
import type { Context } from '../context.ts';
import { type DeploymentRecord, readDeployments } from '../deployment/deployments.ts';
import { UsageError } from '../errors.ts';
import { temporaryFile } from '../records/temporary-file.ts';

/** A table that a query may name, `pipeline.window` or `pipeline.archive`. */
export interface SqlTable {
  readonly pipeline: string;
  readonly name: string;
  readonly what: string;
}

/** The deployed pipelines, as tables. */
export async function sqlTables(context: Context): Promise<readonly SqlTable[]> {
  const deployed = new Set(readDeployments(context.paths).map(({ pipeline }) => pipeline));
  const plans = (await context.pipelines()).map(({ plan }) => plan).filter(({ name }) => deployed.has(name));
  return plans.flatMap(({ name, topic, windows }) => [
    ...windows.map((window) => ({
      pipeline: name,
      name: window.name,
      what: `the last batch view: ${window.kind} windows, as far as its cut`,
    })),
    { pipeline: name, name: 'archive', what: `every record of topic ${topic} that is archived` },
  ]);
}

/** Downloads the tables that a query names, and returns the statements that define them. */
export async function broughtTables(context: Context, sql: string, temporary: string[]): Promise<readonly string[]> {
  const named = (await sqlTables(context)).filter(({ pipeline, name }) =>
    new RegExp(`(^|[^\\w"])"?${pipeline}"?\\s*\\.\\s*"?${name}"?($|[^\\w"])`, 'i').test(sql),
  );
  const statements = new Set<string>();
  for (const { pipeline, name } of named) {
    const record = readDeployments(context.paths).find((each) => each.pipeline === pipeline) as DeploymentRecord;
    const plan = (await context.pipelines()).find((each) => each.plan.name === pipeline)?.plan as Plan;
    const { archive, bucket } = await context.archive(record.archiveBucket);
    const scope = { version: record.version, topicId: record.topicId };
    const keys =
      name === 'archive'
        ? await archiveKeys(archive(scope))
        : await viewKeys(context, plan, record, name, (prefix) => bucket.list(prefix));
    if (keys.length === 0) throw notThere(pipeline, name);
    const files: string[] = [];
    for (const key of keys) {
      const path = temporaryFile('part.parquet', temporary);
      await bucket.download(key, path);
      files.push(path);
    }
    const rows = `read_parquet([${files.map(textLiteral).join(', ')}])`;
    statements.add(`CREATE SCHEMA IF NOT EXISTS ${quoted(pipeline)}`);
    statements.add(`CREATE VIEW ${quoted(pipeline)}.${quoted(name)} AS ${selected(name, rows)}`);
  }
  return [...statements];
}

/** Selects the columns, with times as TIMESTAMP. */
function selected(name: string, rows: string): string {
  if (name === 'archive')
    return `SELECT epoch_ms(_timestamp_ms) AS _timestamp, epoch_ms(_event_time_ms) AS _event_time, * EXCLUDE (_timestamp_ms, _event_time_ms) FROM ${rows}`;
  return `SELECT epoch_ms(window_start_ms) AS window_start, epoch_ms(window_end_ms) AS window_end, * EXCLUDE (window_start_ms, window_end_ms) FROM ${rows}`;
}

async function archiveKeys(archive: ArchiveStore): Promise<readonly string[]> {
  const chains = await Promise.all((await archive.partitions()).map((partition) => archive.chain(partition)));
  return chains.flat().flatMap(({ path, lost }) => (lost ? [] : [path]));
}

async function viewKeys(
  context: Context,
  { storage }: Plan,
  { version, topicId }: DeploymentRecord,
  name: string,
  list: (prefix: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const { current } = await (await context.database()).batch({ version, topicId }, storage).readPointer('quorum');
  if (current === null) return [];
  const keys = await list(`views/${version}/${topicId}/${current.run}/`);
  return keys.filter((key) => new RegExp(`/${name}-\\d+\\.parquet$`).test(key));
}

function notThere(pipeline: string, name: string): UsageError {
  return new UsageError('BIFOLD_NO_SUCH_TABLE', {
    failed: `${pipeline}.${name} cannot be read`,
    received: name === 'archive' ? 'nothing is archived yet' : 'no batch view was published yet, or it is empty',
    allowed: 'what the scheduled functions have written',
    remedy: `let them run: npx bifold archive ${pipeline} && npx bifold recompute ${pipeline}`,
  });
}
