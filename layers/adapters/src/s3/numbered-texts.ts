import type { Bucket } from './bucket.ts';
import { createText, readText } from './small-objects.ts';

const DIGITS = 16;

/** Texts with increasing numbers, each created only if absent. */
interface NumberedTexts {
  /** The text with the highest number. Null if there is none. */
  newest(): Promise<{ readonly number: number; readonly text: string } | null>;
  record(number: number, text: string): Promise<void>;
}

/**
 * `<root><order>-<number>.json`. `order` falls as the number grows, so that the first key of a list
 * is the newest one, however many there are.
 */
export function numberedTexts(
  bucket: Pick<Bucket, 'list' | 'download' | 'create' | 'head'>,
  root: string,
): NumberedTexts {
  return {
    async newest() {
      const [key] = await bucket.list(root, 1);
      if (key === undefined) return null;
      const number = Number(/-(\d+)\.json$/.exec(key)?.[1]);
      return { number, text: await readText(bucket, key) };
    },

    async record(number, text) {
      const order = String(Number.MAX_SAFE_INTEGER - number).padStart(DIGITS, '0');
      await createText(bucket, `${root}${order}-${number}.json`, text);
    },
  };
}
