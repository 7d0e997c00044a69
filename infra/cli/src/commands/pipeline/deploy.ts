import { Command, InvalidArgumentError } from 'commander';
import { apiUrl } from '../../api.ts';
import { withContext } from '../../context.ts';
import { type DeploymentRecord, namedOf } from '../../deployment/deployments.ts';
import { deploy, PARTITIONS_DEFAULT, provision, warnOfEmptyLookups } from '../../deployment/provisioning.ts';
import { print, printJson } from '../../output/terminal.ts';
import { wholeNumber } from '../option-values.ts';

type Settings = Readonly<Record<string, string>>;

interface Options {
  readonly topicPartitions: number;
  readonly context: Settings;
  readonly atOnce?: boolean;
  readonly json?: boolean;
}

export const deployCommand = (): Command =>
  new Command('deploy')
    .description('deploy pipelines on the local cloud')
    .argument('[pipelines...]', 'their names; all of them when none is given')
    .option('--topic-partitions <n>', 'partitions of a topic that is created now', wholeNumber, PARTITIONS_DEFAULT)
    .option('-c, --context <name=value>', 'a setting, as cdk takes it; may be repeated', settingOf, {})
    .option('--at-once', 'answer from the new version at once, even where it covers less than the one before')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Checks the pipelines that layers/pipelines lists, creates their topics where they are missing, binds each pipeline to
its topic's id, and deploys its stack with CDK. Deployed again unchanged, nothing changes. Settings are those of
cdk/src/app/settings.ts; when \`up\` has to deploy again, it deploys with the same.

The version that was deployed before answers until the new one covers as much; status shows what is missing. Where the log
has lost records that only the version before has folded, the new one never covers as much: --at-once accepts that.

Examples:
  $ npx bifold deploy
  $ npx bifold deploy delays --topic-partitions 8
  $ npx bifold deploy delays -c recomputeRate='rate(1 minute)' -c logLevel=DEBUG
  $ npx bifold deploy wine -c training=installed`,
    )
    .action((names: string[], { topicPartitions, context: settings, atOnce = false, json }: Options) =>
      withContext(async (context) => {
        const pipelines = await context.pipelines();
        // All names first: a typing error in the last one must not leave half of them deployed.
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

export function settingOf(text: string, before: Settings): Settings {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be name=value.');
  return { ...before, [name]: value };
}
