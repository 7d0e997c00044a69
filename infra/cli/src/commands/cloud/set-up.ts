import { ensureSoftware } from '@bifold/cloud';
import { Command } from 'commander';
import { ensureFlights } from '../../cloud/flights.ts';
import { withContext } from '../../context.ts';

export const setUpCommand = (): Command =>
  new Command('set-up')
    .description('install the software and the data of the local cloud, and start nothing')
    .addHelpText(
      'after',
      `
\`up\` and \`start\` do this by themselves. Everything is verified against committed hashes and kept in .bifold/software.

Example:
  $ npx bifold set-up`,
    )
    .action(() =>
      withContext(async ({ paths, onProgress }) => {
        await ensureSoftware(paths, onProgress);
        await ensureFlights(paths, onProgress);
      }),
    );
