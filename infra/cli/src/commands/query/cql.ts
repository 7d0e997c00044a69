import { text as textOf } from 'node:stream/consumers';
import { Command } from 'commander';
import { KEYSPACE, withContext } from '../../context.ts';
import { UsageError } from '../../errors.ts';
import { showRows } from '../../output/shown-rows.ts';
import { dim, print, tell } from '../../output/terminal.ts';
import { changesKeyspace, cqlStatements } from '../../sql/cql-statements.ts';
import { wholeNumber } from '../option-values.ts';

interface Options {
  readonly keyspace?: string;
  readonly rows: number;
  readonly json?: boolean;
}

const ROWS_SHOWN = 1_000;

export const cqlCommand = (): Command =>
  new Command('cql')
    .description("run CQL statements in the local cloud's Cassandra")
    .argument('[statements]', 'statements separated by semicolons; - reads standard input', '-')
    .option('--keyspace <name>', 'keyspace of unqualified table names')
    .option('--rows <n>', 'maximum number of rows of each result', wholeNumber, ROWS_SHOWN)
    .option('--json', 'print rows as JSON lines')
    .addHelpText(
      'after',
      `
Statements run in order; the command stops at the first error. DESCRIBE works too. The tables of
pipelines, in keyspace "${KEYSPACE}", are read-only. Their write timestamps are log positions, so
one plain write would hide all later ones.

Examples:
  $ npx bifold cql "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
  $ npx bifold cql --keyspace shop "CREATE TABLE customers (id int PRIMARY KEY, name text, city text)"
  $ npx bifold cql --keyspace shop "INSERT INTO customers (id, name, city) VALUES (1, 'Ada', 'London')"
  $ npx bifold cql --keyspace shop "SELECT * FROM customers WHERE id = 1"
  $ npx bifold cql --keyspace shop "SELECT * FROM customers WHERE city = 'London' ALLOW FILTERING" --json
  $ npx bifold cql < schema.cql`,
    )
    .action((given: string, { keyspace, rows: rowsMax, json = false }: Options) =>
      withContext(async ({ addresses }) => {
        const statements = cqlStatements(given === '-' ? await textOf(process.stdin) : given);
        if (statements.length === 0) throw noStatement();
        for (const statement of statements) {
          if (/^USE\b/i.test(statement)) throw noUse(statement);
          if (changesKeyspace(statement, KEYSPACE, keyspace === KEYSPACE)) throw ownTables(statement);
        }
        const { cassandraShell } = await import('@bifold/adapters/cassandra');
        const { contactPoints, port, localDataCenter } = addresses.cassandra;
        const shell = await cassandraShell({
          contactPoints: contactPoints.map((host) => `${host}:${port}`),
          localDataCenter,
          ...(keyspace === undefined ? {} : { keyspace }),
        });
        try {
          for (const [index, statement] of statements.entries()) {
            if (index > 0 && !json) print('');
            const { columns, rows, hasMore } = await shell.ask(statement, rowsMax);
            if (columns.length > 0) showRows(columns, rows, json);
            else if (!json) print('done');
            if (hasMore) tell(dim(`there are more than ${rowsMax} rows: --rows ${rowsMax * 10} shows more`));
          }
        } finally {
          await shell.close();
        }
      }),
    );

function noStatement(): UsageError {
  return new UsageError('BIFOLD_BAD_USAGE', {
    failed: 'the command was not understood',
    received: 'no statement',
    allowed: 'a statement of CQL',
    remedy: 'write one, as in npx bifold cql "DESCRIBE KEYSPACES"',
  });
}

function noUse(statement: string): UsageError {
  return new UsageError('BIFOLD_BAD_USAGE', {
    failed: 'a keyspace is chosen for the whole command',
    received: statement,
    allowed: '--keyspace, or names with a keyspace',
    remedy: `write --keyspace ${statement.slice(3).trim()}`,
  });
}

function ownTables(statement: string): UsageError {
  return new UsageError('BIFOLD_OWN_TABLES', {
    failed: `keyspace "${KEYSPACE}" is not changed by hand`,
    received: statement.length > 120 ? `${statement.slice(0, 120)}…` : statement,
    allowed: `SELECT and DESCRIBE there; anything in other keyspaces`,
    remedy: 'use a keyspace of your own; pipelines are changed by deploy, destroy and the functions',
  });
}
