import fileSystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Functions make scratch folders on the local disk. In the simulation they are names alone: a real
 * disk answers when it likes, and the run would no longer be the seed's. For processes that do
 * nothing but simulate.
 */
export function withoutDisk(): void {
  let folders = 0;
  Object.assign(fileSystem, {
    mkdtemp: async (prefix: string) => `${prefix}${folders++}`,
    rm: async () => undefined,
  });
  syncBuiltinESMExports();
}
