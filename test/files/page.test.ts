import { expect, it } from '@jest/globals';
import { committedPage, currentPage, FILES_PAGE } from './page/page.ts';

it('docs/files.md has the tables that `npm run reference` wrote', async () => {
  const stale = `${FILES_PAGE} is stale: run \`npm run reference\` and commit the page`;
  expect({ stale, page: committedPage() }).toEqual({ stale, page: await currentPage() });
});
