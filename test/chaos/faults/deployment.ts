import { type World, wireFunctions } from '../world/world.ts';
import { type Fault, hit, missed } from './fault.ts';

/** The files that define the topics of the views. */
const DEFINITIONS: Readonly<Record<string, string>> = {
  departures: 'examples/flights/src/delays.ts',
  legs: 'examples/flights/src/airframes.ts',
};

/** The number of redefinitions of the topics of this run's cloud. */
const schemaVersions = new WeakMap<World, Map<string, number>>();

/**
 * Deploys a definition again during records and queries: the topic's schema has the next version,
 * with the same meaning. The new version folds the whole log, and the readers check that no answer
 * shrinks meanwhile.
 */
const redefinition: Fault = {
  kind: 'redefine',
  holds: ['services', 'speed', 'query', 'batch', 'mappings'],
  async strike(world, stream) {
    const { name, topic } = stream.view;
    const mapping = await world.busy(stream);
    const versions = schemaVersions.get(world) ?? new Map<string, number>();
    schemaVersions.set(world, versions);
    const before = versions.get(topic) ?? 1;
    versions.set(topic, before + 1);
    const file = DEFINITIONS[topic];
    if (file === undefined) throw new Error(`no definition of topic ${topic} is known`);
    world.cloud.edit({ file, replace: `schemaVersion: ${before},`, by: `schemaVersion: ${before + 1},` });
    const [deployed] = await world.cloud.json<readonly { readonly version: string }[]>('deploy', name);
    await wireFunctions(world.cloud, world.lambda, world.links, world.volumes);
    await world.cloud.json('wait', name, '--lag', '100000');
    const what = `${name} is ${deployed?.version}`;
    return mapping === null ? missed(`${what}; no batch was in flight`) : hit(what);
  },
};

export const deployments: readonly Fault[] = [redefinition];
