/**
 * Streams in a process, as a person runs them: each example prints what its page shows, on a real
 * Kafka and Cassandra.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@bifold/adapters/duckdb';
import { ensureFlights } from '@bifold/cli';
import { cloudPaths } from '@bifold/cloud';
import { afterAll, describe, expect, it } from '@jest/globals';
import { until } from '../../integration/local/bifold.ts';
import { linesOf, root, type Shown, type Streams, streamsWhileTesting } from './streams.fixture.ts';

const streams = streamsWhileTesting('examples');
const example = (name: string): string => join('examples', name);
/** The folder that the example `sinks` writes to. */
const out = mkdtempSync(join(tmpdir(), 'bifold-songs-'));
process.env.SONGS_OUT = out;
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Sends the first lines of the fetched file, as `head` of the page does. */
async function sendFlights({ bifold, folder }: Streams, page: string): Promise<void> {
  const { departuresFile, weatherFile } = await ensureFlights(
    cloudPaths({ root, stateDir: bifold.stateDir, softwareDir: join(root, '.bifold', 'software') }),
    () => undefined,
  );
  for (const [, lines, name, topic = ''] of page.matchAll(
    /^\$ head -(\d+) \S+\/(\w+)\.jsonl \| npx bifold produce (\w+) /gm,
  )) {
    const file = join(folder, `${topic}.jsonl`);
    const all = readFileSync(name === 'weather' ? weatherFile : departuresFile, 'utf8').split('\n');
    writeFileSync(
      file,
      all
        .slice(0, Number(lines))
        .map((line) => `${line}\n`)
        .join(''),
    );
    const { status } = await bifold.run(
      ...`produce ${topic} --create --partitions 1 --key origin --file ${file}`.split(' '),
    );
    expect(status).toBe(0);
  }
}

describe('the examples', () => {
  it('rate: five rows a second in numbered batches, until Ctrl-C', async () => {
    const { follow } = streams();
    const rate = follow({}, `${example('rate')}/src/rate.ts`, '--trigger', '500ms', '--json');
    await until(
      'ten rows',
      async () => linesOf(rate.stdout()).flatMap(({ rows }) => rows).length,
      (rows) => rows >= 10,
    );
    rate.child.kill('SIGINT');
    expect(await rate.ended).toEqual({ status: 0, signal: null });
    const shown = linesOf(rate.stdout());
    expect(shown.map(({ batch }) => batch)).toEqual(shown.map((_, index) => index));
    const rows = shown.flatMap((batch) => batch.rows);
    expect(rows.map(({ value }) => value)).toEqual(rows.map((_, index) => index));
    expect(rows.map(({ late }) => late)).toEqual(rows.map((_, index) => index >= 12));
    const times = rows.map(({ timestamp }) => Date.parse(String(timestamp)));
    expect(times.slice(1).map((time, index) => time - (times[index] as number))).toEqual(rows.slice(1).map(() => 200));

    // It goes on where it was: what would have come meanwhile comes with the first batch.
    const again = follow({}, `${example('rate')}/src/rate.ts`, '--trigger', '500ms', '--json');
    await until(
      'more rows',
      async () => linesOf(again.stdout()).length,
      (batches) => batches > 0,
    );
    again.child.kill('SIGINT');
    expect(await again.ended).toEqual({ status: 0, signal: null });
    const [next] = linesOf(again.stdout());
    expect([next?.batch, next?.rows[0]?.value]).toEqual([shown.length, rows.length]);
  });

  it('iris-files: prints what its page shows', async () => {
    const { bifold } = streams();
    const page = readFileSync(join(root, example('iris-files'), 'README.md'), 'utf8');
    const [, command = ''] = /\$ npx bifold (run .+)\n/.exec(page) ?? [];
    const [, printed = ''] = /```\n(-{43}\n[\s\S]+?)```/.exec(page) ?? [];
    const [, sql = ''] = /--sql '(.+)'/.exec(command) ?? [];
    const args = command.slice(0, command.indexOf(' --sql')).split(' ');
    // Files are read in the order of their times, which a checkout does not keep.
    const data = join(root, example('iris-files'), 'data');
    for (const [index, name] of readdirSync(data).sort().entries()) utimesSync(join(data, name), index, index);
    const { status, stdout } = await bifold.run(...args, '--sql', sql);
    expect({ status, stdout }).toEqual({ status: 0, stdout: printed });
    expect(stdout).toContain('virginica   50');
  });

  it('reading: from either end, with and without a checkpoint, five at a time', async () => {
    const { bifold, shownBy, createTopic, send } = streams();
    await createTopic('messages', 2);
    await send(
      'messages',
      Array.from({ length: 12 }, (_, n) => ({ n })),
    );
    const file = `${example('reading')}/src/reading.ts`;
    const sizes = (shown: readonly Shown[]) => shown.map(({ batch, rows }) => [batch, rows.length]);
    const now = ['--trigger', 'available-now'];
    for (let time = 0; time < 2; time++) {
      const all = await shownBy(file, ...now, '--no-checkpoint', '--from', 'earliest');
      expect(sizes(all)).toEqual([
        [0, 5],
        [1, 5],
        [2, 2],
      ]);
      const numbers = all.flatMap(({ rows }) => rows.map(({ value }) => JSON.parse(String(value)).n));
      expect(numbers.toSorted((left, right) => left - right)).toEqual(Array.from({ length: 12 }, (_, n) => n));
    }
    expect(sizes(await shownBy(file, ...now, '--no-checkpoint', '--from', 'latest'))).toEqual([[0, 0]]);

    expect(sizes(await shownBy(file, ...now))).toEqual([
      [0, 5],
      [1, 5],
      [2, 2],
    ]);
    expect(await shownBy(file, ...now)).toEqual([]);
    await send('messages', [{ n: 12 }, { n: 13 }, { n: 14 }]);
    // The starting offsets have no effect now; one batch contains everything.
    expect(sizes(await shownBy(file, '--trigger', 'once', '--from', 'latest'))).toEqual([[3, 3]]);

    const listed = await bifold.json<{ name: string; lastBatch: number; interrupted: number | null }[]>(
      'checkpoint',
      'list',
    );
    expect(listed).toContainEqual(expect.objectContaining({ name: 'reading', lastBatch: 3, interrupted: null }));
    const { stdout } = await bifold.run('checkpoint', 'show', 'reading', '--batches', '1');
    expect(stdout).toMatch(/batch 3 .+\n {2}from .+\n {2}to .+\n {2}committed {2}3 rows in, 3 out/);
    expect((await bifold.run('checkpoint', 'reset', 'reading')).status).toBe(0);
    expect((await shownBy(file, '--trigger', 'once')).flatMap(({ rows }) => rows)).toHaveLength(15);
  });

  it.each([['films'], ['flights-weather']])('%s: prints what its page shows', async (name) => {
    const { bifold } = streams();
    const page = readFileSync(join(root, example(name), 'README.md'), 'utf8');
    if (name === 'flights-weather') await sendFlights(streams(), page);
    for (const [, command = ''] of page.matchAll(/^\$ npx bifold ((?:produce|lookup) .+)$/gm)) {
      const { status, stderr } = await bifold.run(...command.split(' '));
      expect({ command, status, stderr }).toMatchObject({ command, status: 0 });
    }
    const runs = [...page.matchAll(/\$ npx bifold (run .+)\n```\n\n```\n(-{43}\n[\s\S]+?)```/g)];
    expect(runs.length).toBe(page.match(/\$ npx bifold run/g)?.length);
    for (const [, command = '', printed] of runs) {
      const [, args = command, sql] = /^(.+) --sql '(.+)'$/.exec(command) ?? [];
      const { status, stdout } = await bifold.run(...args.split(' '), ...(sql === undefined ? [] : ['--sql', sql]));
      expect({ command, status, stdout: stdout.trimEnd() }).toEqual({ command, status: 0, stdout: printed?.trimEnd() });
    }
  });

  it('sinks: the same rows everywhere, of the types that were declared', async () => {
    const { bifold, cassandra, createTopic, recordsIn } = streams();
    const file = `${example('sinks')}/src/sinks.ts`;
    await createTopic('songs', 2);
    const refused = await bifold.run('run', file);
    expect(refused.status).toBe(3);
    const [, create = ''] = /as in (CREATE TABLE .+)\n/.exec(refused.stderr) ?? [];
    await cassandra.execute(
      `CREATE KEYSPACE music WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`,
    );
    await cassandra.execute(create);

    // The batch that Cassandra refused runs again, under the same number.
    const { status, stdout } = await bifold.run('run', file, '--json', '--sql', 'SELECT count(*) AS songs FROM songs');
    expect(status).toBe(0);
    const [shown, answer] = linesOf(stdout);
    expect(answer).toEqual({ songs: 5 });
    expect(shown?.batch).toBe(0);
    const songs = shown?.rows ?? [];
    expect(songs[4]).toEqual({
      id: 6,
      title: 'Better Git It in Your Soul',
      artist: 'Charles Mingus',
      minutes: 7,
      released: '1959-09-14T00:00:00.000Z',
      long: true,
    });

    const stored = await cassandra.execute('SELECT JSON * FROM music.songs');
    const cells = stored.rows.map((row) => JSON.parse(row['[json]'])).toSorted((left, right) => left.id - right.id);
    expect(cells.map(({ released, ...rest }) => ({ ...rest, released: new Date(released).toISOString() }))).toEqual(
      songs,
    );
    const byTitle = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).toSorted();
    const sent = await recordsIn('songs');
    expect(byTitle(sent.map(({ value }) => Object.entries(value)))).toEqual(
      byTitle(songs.map((song) => Object.entries(song))),
    );
    const database = await openDuckDb();
    const parquet = await database.rows(
      `SELECT id, title, artist, minutes, typeof(minutes) AS type, released FROM read_parquet('${out}/parquet/*/*.parquet', hive_partitioning = true) ORDER BY id`,
    );
    database.close();
    expect(parquet[4]).toEqual({
      id: 6n,
      title: 'Better Git It in Your Soul',
      artist: 'Charles Mingus',
      minutes: 7,
      type: 'DOUBLE',
      released: '1959-09-14 00:00:00',
    });
    const [json = ''] = readdirSync(join(out, 'json')).filter((name) => name.endsWith('.json'));
    const lines = readFileSync(join(out, 'json', json), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(songs);
    expect(lines[4]).toContain('"minutes":7.0');
    expect(readFileSync(join(out, 'batches.txt'), 'utf8')).toBe('batch 0: 5 songs\n');
    expect(readFileSync(join(out, 'titles.txt'), 'utf8').split('\n')[0]).toBe('So What (9.37)');

    const again = await bifold.run('checkpoint', 'show', 'sinks');
    expect(again.stdout).toMatch(/songs\.csv:6 {2}invalid: id/);
  });
});
