import { Command } from 'commander';
import { apiUrl } from '../../api.ts';
import { withContext } from '../../context.ts';
import { deploy, PARTITIONS_DEFAULT } from '../../deployment/deploy.ts';
import { type DeploymentRecord, namedOf } from '../../deployment/deployments.ts';
import { warnOfEmptyLookups } from '../../deployment/empty-lookups.ts';
import { provision } from '../../deployment/provisioning.ts';
import { print, printJson } from '../../output/terminal.ts';
import { type Settings, settingOf, wholeNumber } from '../option-values.ts';

interface Options {
  readonly topicPartitions: number;
  readonly context: Settings;
  readonly atOnce?: boolean;
  readonly json?: boolean;
}

export const deployCommand = (): Command =>
  new Command('deploy')
    .description('deploy pipelines to the local cloud')
    .argument('[pipelines...]', 'names of pipelines (default: all)')
    .option('--topic-partitions <n>', 'number of partitions if the topic is created', wholeNumber, PARTITIONS_DEFAULT)
    .option('-c, --context <name=value>', 'a CDK context value; may be repeated', settingOf, {})
    .option('--at-once', 'switch to the new version at once, even if it covers less than the previous one')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Checks the definitions, creates missing topics, binds each pipeline to the id of its topic, and
deploys its stack with CDK. Deploying an unchanged pipeline changes nothing. cdk/src/app/settings.ts
lists the context values. \`up\` redeploys with the same values.

The previous version answers until the new one covers the same offsets; \`status\` shows what is
missing. If retention deleted records that only the previous version has folded, the new version
never covers them. Use --at-once to switch anyway.

Examples:
  $ npx bifold deploy
  $ npx bifold deploy delays --topic-partitions 8
  $ npx bifold deploy delays -c recomputeRate='rate(1 minute)' -c logLevel=DEBUG
  $ npx bifold deploy wine -c training=installed`,
    )
    .action((names: string[], { topicPartitions, context: settings, atOnce = false, json }: Options) =>
      withContext(async (context) => {
        const pipelines = await context.pipelines();
        // Resolve all names first, so that a typing error in the last one does not leave half of
        // them deployed.
        const chosen = names.length === 0 ? pipelines : names.map((name) => namedOf(pipelines, name));
        await provision(context);
        const records: DeploymentRecord[] = [];
        for (const pipeline of chosen) {
          const record = await deploy(context, pipeline, topicPartitions, settings, { atOnce });
          records.push(record);
          if (!json) {
            print(
              `${record.pipeline} is deployed: ${record.version}, topic id ${record.topicId} of topic "${record.topic}"`,
            );
            print(`  ${apiUrl(context, record)}`);
          }
          await warnOfEmptyLookups(context, pipeline);
        }
        if (json) printJson(records.map((record) => ({ ...record, apiUrl: apiUrl(context, record) })));
      }),
    );
