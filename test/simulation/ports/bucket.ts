import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import { fileOf } from './engine.ts';
import { NoAnswer, type Stage, type StoredObject } from './stage.ts';

type Metadata = Readonly<Record<string, string>>;

/**
 * A bucket of S3 whose objects are tables; a creation that is left without an answer says so, as
 * S3's adapter does.
 */
export function bucket(stage: Stage, actor: Actor) {
  const { objects, files, scheduler } = stage;
  const { random } = actor;
  const list = (prefix: string) => [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  const found = (key: string): StoredObject => {
    const object = objects.get(key);
    if (!object) throw new NoAnswer(`no object ${key}`);
    return object;
  };
  return {
    async create(key: string, localPath: string, metadata: Metadata) {
      await scheduler.turn(actor, `create ${key} up to ${metadata.end}${metadata.lost === 'true' ? ', lost' : ''}`);
      const columns = fileOf(files, localPath);
      const effect = async () => {
        if (objects.has(key)) return { kind: 'exists' as const };
        objects.set(key, { columns, metadata });
        return { kind: 'created' as const };
      };
      if (!random.chance(stage.timeouts())) return effect();
      scheduler.say(`  no answer to: create ${key}`);
      if (random.chance(0.4)) await effect();
      else if (random.chance(0.5)) scheduler.sendLate(actor, `create ${key}`, effect);
      return { kind: 'unknown' as const, error: new NoAnswer(`create ${key}`) as never };
    },
    async put(key: string, localPath: string, metadata: Metadata) {
      const columns = fileOf(files, localPath);
      await call(stage, actor, `put ${key}`, async () => void objects.set(key, { columns, metadata }), true);
    },
    head: (key: string) => call(stage, actor, `head ${key}`, async () => objects.get(key)?.metadata ?? null, false),
    download: (key: string, localPath: string) =>
      call(
        stage,
        actor,
        `get ${key}`,
        async () => {
          const { columns, metadata } = found(key);
          files.set(localPath, columns);
          return metadata;
        },
        false,
      ),
    list: (prefix: string) => call(stage, actor, `list ${prefix}`, async () => list(prefix), false),
    folders: (prefix: string) =>
      call(
        stage,
        actor,
        `folders of ${prefix}`,
        async () => [...new Set(list(prefix).map((key) => key.slice(prefix.length).split('/')[0] as string))],
        false,
      ),
    deleteAll: (prefix: string) =>
      call(
        stage,
        actor,
        `delete ${prefix}`,
        async () => {
          for (const key of list(prefix)) objects.delete(key);
        },
        true,
      ),
    close: () => undefined,
  };
}
