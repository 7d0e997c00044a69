import { ensureSoftware } from '@bifold/cloud';
import { Command } from 'commander';
import { ensureFlights } from '../../cloud/flights.ts';
import { withContext } from '../../context.ts';

export const setUpCommand = (): Command =>
  new Command('set-up')
    .description('install the software and data of the local cloud without starting it')
    .addHelpText(
      'after',
      `
\`up\` and \`start\` do this automatically. Downloads are checked against committed hashes and stored in
.bifold/software.

Example:
  $ npx bifold set-up`,
    )
    .action(() =>
      withContext(async ({ paths, onProgress }) => {
        await ensureSoftware(paths, onProgress);
        await ensureFlights(paths, onProgress);
      }),
    );
