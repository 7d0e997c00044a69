import type { CloudAddresses } from '@bifold/cloud';
import { Command } from 'commander';
import { withContext } from '../context.ts';
import { converge } from '../provisioning.ts';
import { print, printJson, seconds } from '../terminal.ts';

export const upCommand = (): Command =>
  new Command('up')
    .description('start the local cloud, and repair what was killed')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Starts Kafka, Cassandra, the AWS emulator and the Kafka trigger as background processes on 127.0.0.1,
and deploys again what was deployed. Harmless when all runs already. The variable BIFOLD_JAVA_OPTIONS
adds options to the JVMs of Kafka and Cassandra, such as -Xmx3g.

Example:
  $ npx bifold up`,
    )
    .action(async ({ json }: { json?: boolean }) => {
      const startedAtMs = performance.now();
      await withContext(async (context) => {
        const { started, deployed } = await converge(context);
        const { kafka, cassandra, aws } = context.addresses;
        if (json) return printJson({ started, deployed, addresses: shown(context.addresses, context.triggerPort) });
        const news = [
          ...(started.length > 0 ? [`started ${started.join(', ')}`] : ['all was running']),
          ...(deployed.length > 0 ? [`deployed ${deployed.join(', ')} again`] : []),
        ];
        print(`The local cloud is up: ${news.join('; ')}  (${seconds(performance.now() - startedAtMs)})`);
        print(`  Kafka      ${kafka.brokersInternal}`);
        print(`  Cassandra  ${cassandra.contactPoints[0]}:${cassandra.port}`);
        print(`  AWS        ${aws.endpoint}  (region ${aws.region})`);
      });
    });

/** Addresses without the password. */
function shown({ kafka, cassandra, aws }: CloudAddresses, triggerPort: number) {
  return {
    kafka: kafka.brokersInternal,
    kafkaSasl: kafka.brokersSasl,
    cassandra: `${cassandra.contactPoints[0]}:${cassandra.port}`,
    aws: aws.endpoint,
    trigger: `http://127.0.0.1:${triggerPort}/state`,
  };
}
