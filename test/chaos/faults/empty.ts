import { type CassandraClient, connectCassandra } from '@bifold/adapters/cassandra';
import type { Stream } from '../stream/driver.ts';
import { recordsInFlight } from '../world/trigger.ts';
import type { World } from '../world/world.ts';
import { type Fault, hit, missed, plural } from './fault.ts';

const KEYSPACE = 'bifold';
const RESTORE_TRIES = 3;

/** The rows of all views in Cassandra. */
interface Held {
  readonly publications: number;
  readonly progress: number;
}

/**
 * The database loses all tables while records, queries and batch jobs are active. `bifold restore`
 * rebuilds each view. Readers check that earlier receipts still hold.
 */
const emptied: Fault = {
  kind: 'empty cassandra',
  holds: ['services', 'batch'],
  async strike(world, stream) {
    // A view of which nothing was ever published cannot tell a loss: only the restore itself makes
    // it known.
    for (const one of world.streams) await publishOnce(world, one);
    const mapping = await world.busy(stream);
    const held = await withCassandra(world, async (client) => {
      const before = { publications: await rowsOf(client, 'pointer'), progress: await rowsOf(client, 'progress') };
      await client.executeDdl(`DROP KEYSPACE ${KEYSPACE}`);
      return before;
    });
    const refused = await refusalsOf(world);
    const restored: string[] = [];
    for (const { view } of world.streams) restored.push(await restore(world, view.name));
    const inFlight = mapping === null ? 0 : recordsInFlight(mapping);
    const what = `${heldText(held)}, ${plural(inFlight, 'record')} in flight; ${restored.join(', ')}`;
    const isLoss = held.publications >= world.streams.length && held.progress > 0;
    return isLoss && refused === world.streams.length ? hit(what) : missed(`${what}, ${refused} views refused`);
  },
};

export const losses: readonly Fault[] = [emptied];

async function publishOnce(world: World, stream: Stream): Promise<void> {
  const reader = world.readers.find((one) => one.stream === stream);
  if ((reader?.lastGeneration ?? 0) > 0) return;
  await world.runJob(stream, 'archive');
  await world.runJob(stream, 'recompute');
}

async function withCassandra<T>({ cloud }: World, work: (client: CassandraClient) => Promise<T>): Promise<T> {
  const contactPoints = [`127.0.0.1:${cloud.addresses.ports.cassandra}`];
  const client = await connectCassandra({ contactPoints, keyspace: KEYSPACE });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function rowsOf(client: CassandraClient, table: 'pointer' | 'progress'): Promise<number> {
  const [row] = await client.read({ cql: `SELECT count(*) AS rows FROM ${client.table(table)}`, values: [] });
  return Number(row?.rows ?? 0);
}

/**
 * Views that do not answer. One that did would have to be right all the same: the reader checks it.
 */
async function refusalsOf({ readers }: World): Promise<number> {
  const covered = await Promise.all(
    readers.map((reader) => reader.check({ window: Object.keys(reader.stream.view.windowsMs)[0] ?? '', limit: 1 }, 1)),
  );
  return covered.filter((one) => one === null).length;
}

/** Repeats the command if it did not finish, as a user does. */
async function restore({ cloud }: World, view: string): Promise<string> {
  for (let tries = 1; ; tries++) {
    const { status, stdout, stderr } = await cloud.run('restore', view, '--json');
    if (status === 0) {
      const { generation, records, tookMs } = JSON.parse(stdout) as Restored;
      return `${view} restored as generation ${generation} with ${plural(records, 'record')} above the cut in ${(tookMs / 1000).toFixed(1)} s`;
    }
    if (tries === RESTORE_TRIES) throw new Error(`bifold restore ${view} ended with ${status}: ${stderr}`);
  }
}

interface Restored {
  readonly generation: number;
  readonly records: number;
  readonly tookMs: number;
}

const heldText = ({ publications, progress }: Held): string =>
  `${plural(publications, 'published view')} and progress of ${plural(progress, 'segment')} gone`;
