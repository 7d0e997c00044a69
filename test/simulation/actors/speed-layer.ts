import type { LogRecord } from '@bifold/core/engine';
import {
  type CatchUpRequest,
  catchUpTo,
  coldState,
  type FoldedPartition,
  foldDelivery,
  type SpeedPorts,
  type WarmState,
} from '@bifold/engine';
import type { Happening } from '../run.ts';
import type { Deployment, Poller, World } from '../world/world.ts';

/** Polls after which a calm world must have consumed its log. */
const POLLS_MAX = 2_000;
/**
 * The probability that a poller continues at once, as the trigger does: with the same batch after a
 * failure, with the next one after a success. Only then does a process use its own cache.
 */
const GOES_ON = { retry: 0.9, next: 0.8 } as const;

/**
 * Hands records to the function, as the trigger does: from the position on, holes passed over, one
 * invocation per partition at a time.
 */
export function poll(world: World, deployment: Deployment, poller: Poller, happening: Happening): void {
  const { random } = happening;
  const { partitions } = world.topic;
  const drawn = random.shuffled([...Array(partitions).keys()]).slice(0, 1 + random.below(partitions));
  deliver(world, deployment, poller, drawn, happening);
}

function deliver(
  world: World,
  deployment: Deployment,
  poller: Poller,
  partitions: readonly number[],
  happening: Happening,
): void {
  const { random } = happening;
  const { topic } = world;
  if (!world.calm && world.round < deployment.throttledUntil) return;
  const delivery = new Map<number, readonly LogRecord[]>();
  for (const partition of partitions.filter((each) => each < topic.partitions && !poller.busy[each])) {
    const records = topic.fetch(partition, poller.position[partition] as number, 1 + random.below(6));
    if (records.length > 0) delivery.set(partition, records);
  }
  if (delivery.size === 0) return;
  for (const partition of delivery.keys()) poller.busy[partition] = true;
  const goOn = (how: keyof typeof GOES_ON): void => {
    const next = world.followUp(happening, how, GOES_ON[how]);
    if (next !== null) deliver(world, deployment, poller, partitions, next);
  };
  const offsets = Array.from(
    delivery,
    ([partition, records]) => `p${partition} [${records.map(({ offset }) => offset)}]`,
  );
  invoke(
    world,
    deployment,
    happening,
    `speed of ${poller.name} ${offsets.join(' ')}`,
    async (ports, warm) => {
      const handed = world.sabotage.delivery?.(delivery, warm) ?? delivery;
      return foldDelivery(deployment.fold, handed, ports, warm);
    },
    {
      released: () => {
        for (const partition of delivery.keys()) poller.busy[partition] = false;
      },
      succeeded: () => {
        for (const [partition, records] of delivery) {
          const end = (records.at(-1) as LogRecord).offset + 1;
          poller.position[partition] = Math.max(end, poller.position[partition] as number);
          deployment.committed[partition] = Math.max(end, deployment.committed[partition] as number);
        }
        goOn('next');
      },
      failed: () => goOn('retry'),
    },
  );
}

/** All of the log, to its end. */
export async function consume(world: World, deployment: Deployment, poller: Poller): Promise<void> {
  const { topic } = world;
  for (let partition = 0, polls = 0; partition < topic.partitions; polls++) {
    if (polls > POLLS_MAX) world.fail(`${deployment.name}: all is calm, and partition ${partition} is not consumed`);
    if (world.failure !== null) return;
    if (poller.position[partition] === topic.endOf(partition)) partition++;
    else poll(world, deployment, poller, world.certain());
    await world.drain();
  }
}

/** The catch-up request to the speed function, which Lambda may deliver twice. */
export function resume(world: World, deployment: Deployment, { upTo }: CatchUpRequest, happening: Happening): void {
  const ends = new Map(Object.entries(upTo).map(([partition, end]) => [Number(partition), end]));
  const name = `speed up to ${[...ends].map(([partition, end]) => `p${partition} ${end}`).join(' ')}`;
  invoke(world, deployment, happening, name, (ports, warm) => catchUpTo(deployment.fold, ends, ports, warm));
}

/**
 * An invocation of the speed function, in a warm process if one is free. `released` is called
 * however it ends.
 */
function invoke(
  world: World,
  deployment: Deployment,
  { id, random }: Happening,
  name: string,
  body: (ports: SpeedPorts, warm: WarmState) => Promise<readonly FoldedPartition[]>,
  ends: { readonly released?: () => void; readonly succeeded?: () => void; readonly failed?: () => void } = {},
): void {
  let instance = deployment.instances.find(({ busy }) => !busy && random.chance(0.85));
  if (!instance) {
    const warm = coldState();
    instance = { warm: world.sabotage.warm?.(warm) ?? warm, busy: false };
    deployment.instances.push(instance);
  }
  const used = instance;
  used.busy = true;
  const release = (): void => {
    used.busy = false;
    // The next batch goes to the process that was busy last, a retried one mostly to the process
    // that failed.
    deployment.instances = [used, ...deployment.instances.filter((each) => each !== used)];
    ends.released?.();
  };
  world.start(
    id,
    `${deployment.name} ${name}`,
    'speed',
    async (actor) => {
      const { topicId } = deployment.scope;
      const onRefused = (): void => world.count('models refused');
      const folded = await body({ ...world.portsOf(deployment, actor, 'speed'), topicId, onRefused }, used.warm);
      for (const { closed, recovered } of folded) {
        if (closed) world.count('closed');
        if (recovered > 0) world.count('recovered');
      }
      release();
      ends.succeeded?.();
    },
    {
      failed: () => {
        release();
        ends.failed?.();
      },
      crashed: () => {
        release();
        deployment.instances = deployment.instances.filter((each) => each !== used);
      },
    },
  );
}
