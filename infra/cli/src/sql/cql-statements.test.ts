import { describe, expect, it } from '@jest/globals';
import { changesKeyspace, cqlStatements } from './cql-statements.ts';

describe('statements of CQL', () => {
  it.each([
    ['SELECT 1; ; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    [
      "INSERT INTO t (a) VALUES ('x;''y'); SELECT \"a;b\" FROM t",
      ["INSERT INTO t (a) VALUES ('x;''y')", 'SELECT "a;b" FROM t'],
    ],
    ['-- one; two\nSELECT /* ; */ 1 // three;\n', ['SELECT   1']],
    [
      'BEGIN BATCH INSERT INTO a (b) VALUES (1); DELETE FROM a WHERE b = 2; APPLY BATCH; SELECT 1',
      ['BEGIN BATCH INSERT INTO a (b) VALUES (1); DELETE FROM a WHERE b = 2; APPLY BATCH', 'SELECT 1'],
    ],
    [
      'CREATE FUNCTION f () RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS $$ return 1; $$; SELECT 1',
      ['CREATE FUNCTION f () RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java AS $$ return 1; $$', 'SELECT 1'],
    ],
    [" ' unclosed ; ", ["' unclosed"]],
    ['', []],
  ])('%s', (text, wanted) => {
    expect(cqlStatements(text)).toEqual(wanted);
  });
});

it.each([
  ['SELECT * FROM bifold.fragments', false, false],
  ['INSERT INTO bifold.fragments (a) VALUES (1)', false, true],
  ['delete from "bifold" . fragments where a = 1', false, true],
  ['TRUNCATE fragments', true, true],
  ['TRUNCATE fragments', false, false],
  ['DROP KEYSPACE IF EXISTS bifold', false, true],
  ['DROP KEYSPACE bifolded', false, false],
  ['BEGIN BATCH DELETE FROM bifold.progress WHERE a = 1; APPLY BATCH', false, true],
  ["INSERT INTO shop.notes (id, text) VALUES (1, 'see bifold.fragments')", false, false],
  ['INSERT INTO notbifold.t (a) VALUES (1)', false, false],
])('%s, keyspace chosen: %s: changes it: %s', (statement, isDefault, changes) => {
  expect(changesKeyspace(statement, 'bifold', isDefault)).toBe(changes);
});
