import type { ModelPointer } from '@bifold/core/engine';
import { NOTHING_PROMOTED } from '@bifold/models/engine';
import type { ModelPointers } from '../model/registry.ts';

/** An in-memory table of model pointers. */
export function memoryModelPointers(): ModelPointers {
  const pointers = new Map<string, ModelPointer>();
  const read = (name: string): ModelPointer => pointers.get(name) ?? NOTHING_PROMOTED;
  return {
    read: async (name) => read(name),
    async move(name, expected, next) {
      if (read(name).generation !== expected.generation) return false;
      pointers.set(name, structuredClone(next));
      return true;
    },
  };
}
