import { Command } from 'commander';
import { forgetAllCheckpoints } from '../../cloud/checkpoints.ts';
import { withContext } from '../../context.ts';
import { forgetAllDeployments } from '../../deployment/deployments.ts';
import { print, printJson } from '../../output/terminal.ts';

export const downCommand = (): Command =>
  new Command('down')
    .description('stop the local cloud')
    .option('--delete', 'also delete its data: topics, tables, objects, deployments, checkpoints')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Stops every process. Data is kept for the next \`up\`, unless you pass --delete.

Examples:
  $ npx bifold down
  $ npx bifold down --delete`,
    )
    .action(({ delete: deleteData = false, json }: { delete?: boolean; json?: boolean }) =>
      withContext(async (context) => {
        await context.cloud.down({ deleteData });
        if (deleteData) {
          forgetAllDeployments(context.paths);
          forgetAllCheckpoints(context.paths);
        }
        if (json) printJson({ stopped: true, deleted: deleteData });
        else
          print(
            deleteData
              ? 'The local cloud is down, and its data is deleted.'
              : 'The local cloud is down; its data is kept.',
          );
      }),
    );
