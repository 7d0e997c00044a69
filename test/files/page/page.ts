import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../gates/run.ts';
import { fileTables } from './tables.ts';

export const FILES_PAGE = 'docs/files.md';

/** The page as it is committed. */
export const committedPage = (): string => readFileSync(join(root, FILES_PAGE), 'utf8');

/** The page with its tables written anew. Each stands between two comments that name it. */
export async function currentPage(): Promise<string> {
  let page = committedPage();
  for (const [name, table] of await fileTables()) {
    const place = new RegExp(`(<!-- table: ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!place.test(page)) throw new Error(`${FILES_PAGE} has no place for the table "${name}"`);
    page = page.replace(place, (_, before: string, after: string) => `${before}\n${table}\n\n${after}`);
  }
  return page;
}
