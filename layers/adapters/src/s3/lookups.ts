import { canonicalJson, type LookupArchive, type Value } from '@bifold/core/engine';
import type { Bucket } from './bucket.ts';
import { createText, putText, readText } from './small-objects.ts';

type LookupRow = Readonly<Record<string, Value>>;

/**
 * Lookup tables in the bucket that pipelines share: `lookups/<table>/versions/<version>.jsonl`, and
 * the name of the current version.
 */
export function s3Lookups(bucket: Bucket): LookupArchive {
  const versionsOf = (table: string) => `lookups/${table}/versions/`;
  const currentOf = (table: string) => `lookups/${table}/current`;
  const suffix = '.jsonl';
  return {
    async keep(table, version, rows) {
      const lines = Array.from(rows, ([key, row]) => `${canonicalJson([key, row])}\n`);
      await createText(bucket, `${versionsOf(table)}${version}${suffix}`, lines.join(''));
      await putText(bucket, currentOf(table), version);
    },

    async current(table) {
      const key = currentOf(table);
      return (await bucket.list(key)).includes(key) ? readText(bucket, key) : null;
    },

    async versions(table) {
      const keys = await bucket.list(versionsOf(table));
      return keys.map((key) => key.slice(versionsOf(table).length, -suffix.length));
    },

    async rows(table, version) {
      const text = await readText(bucket, `${versionsOf(table)}${version}${suffix}`);
      const lines = text.split('\n').filter((line) => line !== '');
      return new Map(lines.map((line) => JSON.parse(line) as [string, LookupRow]));
    },
  };
}
