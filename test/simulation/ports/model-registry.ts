import type { ModelRegistry } from '@bifold/core/engine';
import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import type { Stage } from './stage.ts';

/** The registry. Promotions are made by the simulation. */
export function modelRegistry(stage: Stage, actor: Actor): ModelRegistry {
  const { files, pointers } = stage.models;
  return {
    names: async () => [],
    versions: async () => [],
    create: async () => false,
    read: (name, version, file) =>
      call(stage, actor, `${file} of ${version}`, async () => files.get(`${name} ${version}`) ?? null, false),
    readPointer: (name) => call(stage, actor, `pointer of model ${name}`, () => pointers.read(name), false),
    recordedPointer: async () => null,
    restorePointer: async () => false,
    movePointer: async () => false,
  };
}
