import type { CloudAddresses } from '@bifold/cloud';
import { Command, Option } from 'commander';
import { withContext } from '../../context.ts';
import { converge } from '../../deployment/provisioning.ts';
import { print, printJson, seconds } from '../../output/terminal.ts';

export const upCommand = (): Command =>
  new Command('up')
    .description('start the local cloud, and restart parts that died')
    .addOption(new Option('--with <service>', 'also install and start this service, from now on').choices(['hdfs']))
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Starts Kafka, Cassandra, the AWS emulator and the Kafka trigger as background processes on
127.0.0.1, and redeploys the deployed pipelines. If everything runs already, it changes nothing. The
variable BIFOLD_JAVA_OPTIONS adds options to the JVMs of Kafka, Cassandra and HDFS, such as -Xmx3g.

HDFS (a NameNode and a DataNode, WebHDFS on 127.0.0.1) is downloaded only with --with hdfs. It then
belongs to the local cloud until \`down --delete\`.

Examples:
  $ npx bifold up
  $ npx bifold up --with hdfs`,
    )
    .action(async ({ json, with: service }: { json?: boolean; with?: 'hdfs' }) => {
      const startedAtMs = performance.now();
      await withContext(
        async (context) => {
          const { started, deployed } = await converge(context);
          const { kafka, cassandra, aws, hdfs } = context.addresses;
          if (json)
            return printJson({ started, deployed, addresses: publicAddresses(context.addresses, context.triggerPort) });
          const news = [
            ...(started.length > 0 ? [`started ${started.join(', ')}`] : ['all was running']),
            ...(deployed.length > 0 ? [`deployed ${deployed.join(', ')} again`] : []),
          ];
          print(`The local cloud is up: ${news.join('; ')}  (${seconds(performance.now() - startedAtMs)})`);
          print(`  Kafka      ${kafka.brokersInternal}`);
          print(`  Cassandra  ${cassandra.contactPoints[0]}:${cassandra.port}`);
          print(`  AWS        ${aws.endpoint}  (region ${aws.region})`);
          if (hdfs !== null) print(`  HDFS       ${hdfs.address}`);
        },
        { withHdfs: service === 'hdfs' },
      );
    });

/** The addresses, without the password. */
function publicAddresses({ kafka, cassandra, aws, hdfs }: CloudAddresses, triggerPort: number) {
  return {
    kafka: kafka.brokersInternal,
    kafkaSasl: kafka.brokersSasl,
    cassandra: `${cassandra.contactPoints[0]}:${cassandra.port}`,
    aws: aws.endpoint,
    ...(hdfs === null ? {} : { hdfs: hdfs.address }),
    trigger: `http://127.0.0.1:${triggerPort}/state`,
  };
}
