import { closeSync, existsSync, openSync, readSync, statSync, watchFile } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import { readDeployments } from '../../deployment/deployments.ts';
import { UsageError } from '../../errors.ts';
import { tableText } from '../../output/table.ts';
import { harmless, number, print } from '../../output/terminal.ts';
import { wholeNumber } from '../option-values.ts';

const TAIL_BYTES = 256 * 1024;
const FUNCTION_LOG_MS = 60 * 60_000;
const FOLLOW_EVERY_MS = 500;

interface Options {
  readonly follow?: boolean;
  readonly lines: number;
}

export const logsCommand = (): Command =>
  new Command('logs')
    .description('show the log of a service or a function')
    .argument(
      '[name]',
      'a service (kafka, cassandra, emulator, trigger, namenode, datanode) or a function (delays-speed); default: list them',
    )
    .option('-f, --follow', 'keep printing new lines')
    .option('-n, --lines <n>', 'number of last lines', wholeNumber, 40)
    .addHelpText(
      'after',
      `
Examples:
  $ npx bifold logs
  $ npx bifold logs trigger --follow
  $ npx bifold logs delays-recompute`,
    )
    .action((name: string | undefined, options: Options) =>
      withContext(async (context) => {
        const services = await context.cloud.status();
        const functions = readDeployments(context.paths).flatMap(({ functions }) => Object.values(functions));
        const service = services.find((status) => status.name === name);
        if (service) return showFile(service.logFile, options);
        const chosen = functions.find((deployed) => [name, `bifold-${name}`].includes(deployed));
        if (chosen) return showFunction(context, chosen, options);
        if (name === undefined) {
          const rows = services.map(({ name, logFile }) => [name, logFile, sizeText(logFile)]);
          print(tableText([{ title: 'service' }, { title: 'file' }, { title: 'size', align: 'right' }], rows));
          if (functions.length > 0)
            print(`\nfunctions: ${functions.map((deployed) => deployed.replace(/^bifold-/, '')).join(', ')}`);
          return;
        }
        throw new UsageError('BIFOLD_NO_LOG', {
          failed: `there is no log of "${name}"`,
          received: `"${name}"`,
          allowed: [
            ...services.map((service) => service.name),
            ...functions.map((deployed) => deployed.replace(/^bifold-/, '')),
          ].join(', '),
          remedy: 'name one of them',
        });
      }),
    );

function sizeText(file: string): string {
  return existsSync(file) ? `${number(Math.ceil(statSync(file).size / 1024))} KiB` : 'none';
}

async function showFile(file: string, { follow, lines }: Options): Promise<void> {
  let at = existsSync(file) ? Math.max(0, statSync(file).size - TAIL_BYTES) : 0;
  const more = (): string => {
    if (!existsSync(file)) return '';
    const { size } = statSync(file);
    // A rotated log is read from its start.
    if (size < at) at = 0;
    const bytes = Buffer.alloc(size - at);
    const opened = openSync(file, 'r');
    readSync(opened, bytes, 0, bytes.length, at);
    closeSync(opened);
    at = size;
    return bytes.toString('utf8');
  };
  const tail = more().trimEnd().split('\n').slice(-lines);
  print(tail.map(harmless).join('\n'));
  if (!follow) return;
  watchFile(file, { interval: FOLLOW_EVERY_MS }, () => {
    const text = more().trimEnd();
    if (text !== '') print(text.split('\n').map(harmless).join('\n'));
  });
  await new Promise(() => {});
}

async function showFunction(context: Context, name: string, { follow, lines }: Options): Promise<void> {
  const aws = await context.aws();
  const seen = new Set<string>();
  let afterMs = Date.now() - FUNCTION_LOG_MS;
  let events = (await aws.logEvents(name, afterMs)).slice(-lines);
  for (;;) {
    for (const { id, timestampMs, message } of events) {
      if (seen.has(id)) continue;
      seen.add(id);
      afterMs = Math.max(afterMs, timestampMs);
      print(`${new Date(timestampMs).toISOString()} ${harmless(message.trimEnd())}`);
    }
    if (!follow) {
      if (seen.size === 0) print(`nothing was logged by ${name} within the last hour`);
      return;
    }
    await sleep(FOLLOW_EVERY_MS);
    events = [...(await aws.logEvents(name, afterMs))];
  }
}
