import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Command } from 'commander';
import { withContext } from '../../context.ts';
import { showRows } from '../../output/shown-rows.ts';
import { broughtFiles } from '../../sql/sql-files.ts';
import { sqlResult } from '../../sql/sql-result.ts';
import { broughtTables, sqlTables } from '../../sql/sql-tables.ts';

const MEMORY_LIMIT = '2GB';

export const sqlCommand = (): Command =>
  new Command('sql')
    .description('run SQL over archives, batch views, and files (local, HDFS or S3)')
    .argument('[query]', 'a query in the dialect of DuckDB (default: list the tables)')
    .option('--json', 'print rows as JSON lines')
    .addHelpText(
      'after',
      `
Each deployed pipeline has these tables: <pipeline>.archive (each record, with its columns) and
<pipeline>.<window> (the last batch view; \`query\` also includes later records). Put file names in
quotes: 'orders.csv', 'hdfs://host:port/folder', 's3://bucket/folder/*.parquet'. A folder after FROM
or JOIN means all its Parquet files. Its subfolders name=value become a column. Remote files are
first copied to this machine.

Examples:
  $ npx bifold sql
  $ npx bifold sql "SELECT origin, sum(flights) FROM delays.daily GROUP BY ALL"
  $ npx bifold sql "SELECT _partition, count(*), max(_offset) FROM delays.archive GROUP BY ALL ORDER BY 1"
  $ npx bifold sql "SELECT date, count(*) FROM 'hdfs://127.0.0.1:9870/flights' GROUP BY ALL ORDER BY 1"`,
    )
    .action((query: string | undefined, { json = false }: { json?: boolean }) =>
      withContext(async (context) => {
        if (query === undefined) {
          const tables = await sqlTables(context);
          const rows = tables.map(({ pipeline, name, what }) => [`${pipeline}.${name}`, what]);
          return showRows(['table', 'holds'], rows, json);
        }
        const temporary: string[] = [];
        const { openDuckDb } = await import('@bifold/adapters/duckdb');
        const database = await openDuckDb({ memoryLimit: MEMORY_LIMIT, tempDirectory: tmpdir() });
        try {
          for (const statement of await broughtTables(context, query, temporary)) await database.run(statement);
          const { columns, rows } = await sqlResult(database, await broughtFiles(context, query, temporary));
          showRows(columns, rows, json);
        } finally {
          database.close();
          for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
        }
      }),
    );
