import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArchiveStore, Scope, ViewStore } from '@bifold/core/engine';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freshScope } from './speed-store.ts';

export interface OpenArchive {
  readonly archive: ArchiveStore;
  readonly views: ViewStore;
  /** Removes the object of a key, which production code never does. */
  remove(key: string): Promise<void>;
  exists(key: string): Promise<boolean>;
}

/** The protocol's requirements on the archive (rule 7). */
export function archiveContract(name: string, open: (scope: Scope) => Promise<OpenArchive>): void {
  describe(`${name}: archive`, () => {
    let folder: string;
    const local = async (text: string) => {
      const path = join(folder, `${text.replaceAll(/\W/g, '_')}.parquet`);
      await writeFile(path, text);
      return path;
    };
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'bifold-archive-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('is a chain from offset 0, each file going on where the one before it ends', async () => {
      const { archive } = await open(freshScope());
      expect([await archive.frontier(0), await archive.chain(0), await archive.partitions()]).toEqual([0, [], []]);
      for (const [start, end, lost] of [
        [0, 900, false],
        [900, 1000, true],
        [1000, 20_000, false],
      ] as const) {
        expect(await archive.frontier(0)).toBe(start);
        expect(await archive.append({ partition: 0, start, end, lost }, await local(`from ${start}`))).toBe(true);
      }
      expect(await archive.append({ partition: 10, start: 0, end: 5, lost: false }, await local('ten'))).toBe(true);
      expect(await archive.append({ partition: 2, start: 0, end: 5, lost: false }, await local('two'))).toBe(true);
      expect(await archive.partitions()).toEqual([0, 2, 10]);
      const chain = await archive.chain(0);
      expect(chain.map(({ start, end, lost }) => [start, end, lost])).toEqual([
        [0, 900, false],
        [900, 1000, true],
        [1000, 20_000, false],
      ]);
      const [, , last] = chain;
      if (last === undefined) throw new Error('three files');
      const copy = join(folder, 'copy.parquet');
      await archive.fetch(last, copy);
      expect(await readFile(copy, 'utf8')).toBe('from 1000');
      await expect(archive.fetch({ ...last, end: 7 }, copy)).rejects.toMatchObject({ code: 'BIFOLD_ARCHIVE_BROKEN' });
    });

    it('lets exactly one of many create a file; the others go on from its end', async () => {
      const scope = freshScope();
      const opened = await Promise.all(Array.from({ length: 5 }, () => open(scope)));
      const won = await Promise.all(
        opened.map(async ({ archive }, index) =>
          archive.append({ partition: 0, start: 0, end: 100 + index, lost: false }, await local(`racer ${index}`)),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await (opened[0] as OpenArchive).archive.frontier(0)).toBe(100 + won.indexOf(true));
    });

    it('refuses a chain that has a hole, an overlap or no beginning', async () => {
      const { archive, remove } = await open(freshScope());
      for (const [start, end] of [
        [0, 10],
        [10, 20],
        [20, 30],
      ] as const) {
        await archive.append({ partition: 0, start, end, lost: false }, await local('x'));
      }
      await archive.append({ partition: 1, start: 0, end: 10, lost: false }, await local('x'));
      await archive.append({ partition: 1, start: 9, end: 10, lost: false }, await local('x'));
      const [, middle] = await archive.chain(0);
      if (middle === undefined) throw new Error('three files');
      await remove(middle.path);
      await expect(archive.chain(0)).rejects.toMatchObject({ code: 'BIFOLD_ARCHIVE_BROKEN' });
      await expect(archive.chain(1)).rejects.toMatchObject({ code: 'BIFOLD_ARCHIVE_BROKEN' });
      await expect(
        archive.append({ partition: 2, start: 5, end: 5, lost: false }, await local('x')),
      ).rejects.toMatchObject({
        code: 'BIFOLD_ARCHIVE_BROKEN',
      });
    });

    it('keeps the views of a run until the run is deleted', async () => {
      const { views, exists } = await open(freshScope());
      const path = await views.put('run-1', 'hourly', await local('view'));
      const kept = await views.put('run-2', 'hourly', await local('view'));
      expect([await exists(path), await exists(kept)]).toEqual([true, true]);
      await views.deleteRun('run-1');
      await views.deleteRun('run-1');
      expect([await exists(path), await exists(kept)]).toEqual([false, true]);
    });
  });
}
