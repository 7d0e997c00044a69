/** `bifold cql` on a real Cassandra. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type Bifold, sharedBifold } from '../../integration/local/bifold.ts';

let bifold: Bifold;
beforeAll(async () => {
  bifold = await sharedBifold();
});

describe('questions', () => {
  it('cql: keyspaces, tables, upserts, filters with the key and without', async () => {
    const asked = async (...args: string[]) => {
      const { status, stdout, stderr } = await bifold.run('cql', ...args);
      return status === 0 ? stdout : `${status} ${stderr}`;
    };
    const within = ['--keyspace', 'shop'];
    const schema = `
      CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}; -- one; copy
      CREATE TABLE shop.customers (id int PRIMARY KEY, name text, city text, since timestamp, tags set<text>, total bigint);`;
    expect((await bifold.feed(schema, 'cql')).stdout).toBe('done\n\ndone\n');
    const values = "(1, 'Ada; of ''London''', 'London', '1843-01-01T00:00:00Z', {'a', 'b'}, 9007199254740993)";
    await asked(...within, `INSERT INTO customers (id, name, city, since, tags, total) VALUES ${values}`);
    await asked(
      ...within,
      "INSERT INTO customers (id, city) VALUES (2, 'Paris'); UPDATE customers SET city = 'Rome' WHERE id = 2",
    );
    expect(await asked(...within, 'SELECT id, name, since, tags, total FROM customers WHERE id = 1', '--json')).toBe(
      `{"id":1,"name":"Ada; of 'London'","since":"1843-01-01T00:00:00.000Z","tags":["a","b"],"total":"9007199254740993"}\n`,
    );
    expect(await asked(...within, 'SELECT id, name, city FROM customers')).toBe(
      "id  name              city\n1   Ada; of 'London'  London\n2   NULL              Rome\n",
    );
    expect(await asked(...within, "SELECT id FROM customers WHERE city = 'Rome'")).toMatch(/^2 [\s\S]+ALLOW FILTERING/);
    expect(await asked(...within, "SELECT id FROM customers WHERE city = 'Rome' ALLOW FILTERING")).toBe('id\n2\n');
    expect(await asked(...within, 'INSERT INTO customers (id) VALUES (2) IF NOT EXISTS', '--json')).toContain(
      '"[applied]":false',
    );
    expect(await asked('DESCRIBE TABLES', '--json')).toContain('"name":"customers"');
    expect(await asked('TRUNCATE bifold.fragments')).toMatch(/^2 [\s\S]+BIFOLD_OWN_TABLES/);
    expect(await asked('SELECT count(*) FROM bifold.fragments')).toContain('count');
  });

  it('cql: wrong statements are usage errors', async () => {
    const refused = async (...args: string[]) => {
      const { status, stderr } = await bifold.run('cql', ...args);
      return `${status} ${stderr}`;
    };
    expect(await refused('SELEC')).toMatch(/^2 [\s\S]+BIFOLD_CQL_INVALID/);
    expect(await refused('SELECT * FROM nowhere.rows')).toMatch(/^2 [\s\S]+BIFOLD_CQL_INVALID/);
    expect(await refused('--keyspace', 'nowhere', 'SELECT * FROM rows')).toMatch(/^2 [\s\S]+BIFOLD_CQL_INVALID/);
  });

  it('sql: wrong statements are usage errors', async () => {
    for (const [query, code] of [
      ['SELEC', 'BIFOLD_SQL_INVALID'],
      ['SELECT * FROM nowhere', 'BIFOLD_SQL_INVALID'],
      ["SELECT * FROM '/nowhere.parquet'", 'BIFOLD_NO_FILES'],
      ["SELECT * FROM 's3://no-such-bucket/rows'", 'BIFOLD_S3_MISSING'],
    ] as const) {
      const { status, stderr } = await bifold.run('sql', query);
      expect([query, status, stderr]).toEqual([query, 2, expect.stringContaining(code)]);
    }
  });
});
