import { type QuarantineEntry, segmentEnd, segmentOf, segmentStart } from '@bifold/core/engine';
import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import { deploymentOf, namedOf } from '../../deployment/deployments.ts';
import { UsageError } from '../../errors.ts';
import { tableText } from '../../output/table.ts';
import { dim, harmless, number, print, printJson } from '../../output/terminal.ts';
import { wholeNumber } from '../option-values.ts';

const PAYLOAD_SHOWN = 400;

export const quarantineCommand = (): Command =>
  new Command('quarantine')
    .description('list and show the quarantined (undecodable) records of a pipeline')
    .addCommand(
      new Command('list')
        .description('list quarantined records with position and reason')
        .argument('<pipeline>', 'name of the pipeline')
        .option('--limit <n>', 'maximum per partition', wholeNumber, 20)
        .option('--json', 'print the result as JSON')
        .addHelpText('after', '\nExample:\n  $ npx bifold quarantine list delays')
        .action((name: string, { limit, json }: { limit: number; json?: boolean }) =>
          withContext(async (context) => {
            const entries = await entriesOf(context, name, limit);
            if (json) return printJson(entries.map((entry) => entryJson(entry)));
            if (entries.length === 0) return print('nothing is quarantined');
            print(
              tableText(
                [{ title: 'position' }, { title: 'reason' }, { title: 'bytes', align: 'right' }, { title: 'detail' }],
                entries.map((entry) => [
                  `${entry.partition}/${entry.offset}`,
                  entry.reason,
                  number(entry.payloadSizeBytes),
                  clipped(harmless(entry.detail), 60),
                ]),
              ),
            );
          }),
        ),
    )
    .addCommand(
      new Command('show')
        .description('show one quarantined record and the start of its payload (default: the first per partition)')
        .argument('<pipeline>', 'name of the pipeline')
        .argument('[position]', 'partition/offset')
        .option('--json', 'print the result as JSON')
        .addHelpText('after', '\nExample:\n  $ npx bifold quarantine show delays 2/345')
        .action((name: string, position: string | undefined, { json }: { json?: boolean }) =>
          withContext(async (context) => {
            const at = position === undefined ? null : positionOf(position);
            const found = await entriesOf(context, name, at === null ? 5 : Number.MAX_SAFE_INTEGER, at);
            if (json) return printJson(found.map((entry) => entryJson(entry, true)));
            if (found.length === 0)
              return print(at === null ? 'nothing is quarantined' : `nothing is quarantined at ${position}`);
            for (const entry of found) print(`${entryText(entry)}\n`);
          }),
        ),
    );

async function entriesOf(
  context: Context,
  name: string,
  limit: number,
  at: readonly [partition: number, offset: number] | null = null,
): Promise<readonly QuarantineEntry[]> {
  const { plan } = namedOf(await context.pipelines(), name);
  const { version, topicId } = deploymentOf(context.paths, name);
  const store = (await context.database()).speed({ version, topicId }, plan.storage);
  if (at !== null) {
    const [partition, offset] = at;
    const { segmentSize } = plan.storage;
    const segment = segmentOf(offset, segmentSize);
    const offsets = segmentEnd(segment, segmentSize) - segmentStart(segment, segmentSize);
    const entries = await store.listQuarantine(partition, segment, offsets);
    return entries.filter((entry) => entry.offset === offset);
  }
  const partitions = await store.partitions();
  return (await Promise.all(partitions.map((partition) => store.listQuarantine(partition, 0, limit)))).flat();
}

function positionOf(text: string): readonly [number, number] {
  const [, partition, offset] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (partition !== undefined && offset !== undefined) return [Number(partition), Number(offset)];
  throw new UsageError('BIFOLD_BAD_POSITION', {
    failed: 'a position cannot be read',
    received: `"${text}"`,
    allowed: 'partition/offset, as in 2/345',
    remedy: 'take it from `npx bifold quarantine list`',
  });
}

function entryJson(entry: QuarantineEntry, withPayload = false): object {
  const { partition, offset, reason, detail, timestampMs, payload, payloadSizeBytes, payloadSha256 } = entry;
  return {
    partition,
    offset,
    reason,
    detail,
    time: new Date(timestampMs).toISOString(),
    payloadSizeBytes,
    payloadSha256,
    ...(withPayload ? { payload: payload === null ? null : Buffer.from(payload).toString('utf8') } : {}),
  };
}

function entryText({
  partition,
  offset,
  reason,
  detail,
  timestampMs,
  payload,
  payloadSizeBytes,
  payloadSha256,
}: QuarantineEntry): string {
  const text = payload === null ? dim('null') : clipped(harmless(Buffer.from(payload).toString('utf8')), PAYLOAD_SHOWN);
  return [
    `${dim('position')}  ${partition}/${offset}, written ${new Date(timestampMs).toISOString()}`,
    `${dim('reason')}    ${reason}: ${harmless(detail)}`,
    `${dim('payload')}   ${number(payloadSizeBytes)} bytes, sha256 ${payloadSha256}`,
    `  ${text}`,
  ].join('\n');
}

function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
