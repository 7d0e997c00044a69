import { folderJournal, lockFolder, readCheckpoint, readQuarantine, removeJournal } from '@bifold/streams/engine';
import { Command } from 'commander';
import { checkpointFolder, checkpointNames, knownCheckpoint } from '../../cloud/checkpoints.ts';
import { withContext } from '../../context.ts';
import { tableText } from '../../output/table.ts';
import { dim, harmless, number, plural, print, printJson } from '../../output/terminal.ts';
import { wholeNumber } from '../option-values.ts';

export const checkpointCommand = (): Command =>
  new Command('checkpoint')
    .description('list, show and reset the checkpoints of streams (bifold run)')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(resetCommand());

const listCommand = (): Command =>
  new Command('list')
    .description('list checkpoints')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ npx bifold checkpoint list')
    .action(({ json }: { json?: boolean }) =>
      withContext(async ({ paths }) => {
        const found = await Promise.all(
          checkpointNames(paths).map(async (name) => {
            const read = await readCheckpoint(folderJournal(checkpointFolder(paths, name)));
            const last = read?.commits.at(-1);
            const planned = read?.offsets.at(-1);
            return {
              name,
              stream: read === null ? null : String(read.head.definition.name),
              lastBatch: last?.batch ?? null,
              committedAt: last?.at ?? null,
              interrupted: planned !== undefined && planned.batch !== last?.batch ? planned.batch : null,
            };
          }),
        );
        if (json) return printJson(found);
        if (found.length === 0) return print(dim('no checkpoint: bifold run makes them'));
        print(
          tableText(
            [{ title: 'checkpoint' }, { title: 'last batch', align: 'right' }, { title: 'committed' }, { title: '' }],
            found.map(({ name, lastBatch, committedAt, interrupted }) => [
              name,
              lastBatch === null ? '' : number(lastBatch),
              committedAt ?? '',
              interrupted === null ? '' : `batch ${number(interrupted)} was interrupted, and runs again`,
            ]),
          ),
        );
      }),
    );

const showCommand = (): Command =>
  new Command('show')
    .description('show the batches of a checkpoint: their rows and results')
    .argument('<name>', 'name of the checkpoint')
    .option('--batches <n>', 'number of last batches', wholeNumber, 5)
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
A checkpoint is a folder of JSON lines:
  stream.jsonl      the definition
  offsets.jsonl     the rows of each batch, written before the batch runs
  commits.jsonl     the batches that all sinks have written
  state.jsonl       the state of aggregations, duplicates and joins
  files.jsonl       the files that were read
  quarantine.jsonl  the rows that were set aside

Example:
  $ npx bifold checkpoint show reading`,
    )
    .action((name: string, { batches, json }: { batches: number; json?: boolean }) =>
      withContext(async ({ paths }) => {
        const folder = knownCheckpoint(paths, name);
        const journal = folderJournal(folder);
        const read = await readCheckpoint(journal);
        if (read === null) return json ? printJson(null) : print(dim('nothing was written to it yet'));
        const commits = new Map(read.commits.map((commit) => [commit.batch, commit]));
        const shown = read.offsets
          .slice(-batches)
          .map((planned) => ({ planned, committed: commits.get(planned.batch) ?? null }));
        const quarantined = await readQuarantine(journal);
        if (json) return printJson({ folder, ...read.head, batches: shown, quarantined });
        print(`${dim('folder')}      ${folder}`);
        print(`${dim('id')}          ${read.head.id}, of ${read.head.createdAt}`);
        print(`${dim('definition')}  ${JSON.stringify(read.head.definition)}`);
        for (const { planned, committed } of shown) {
          print(`\nbatch ${planned.batch}  ${dim(planned.at)}`);
          print(`  from       ${JSON.stringify(planned.from)}`);
          print(`  to         ${JSON.stringify(planned.to)}`);
          if (planned.watermarkMs !== null) print(`  watermark  ${new Date(planned.watermarkMs).toISOString()}`);
          print(`  committed  ${committed === null ? 'no: it runs again' : summaryOf(committed)}`);
        }
        if (quarantined.length === 0) return;
        print(`\n${plural(quarantined.length, 'row')} set aside; the last of them:`);
        for (const row of quarantined.slice(-5)) print(`  ${row.where}  ${row.reason}: ${harmless(row.detail)}`);
      }),
    );

const resetCommand = (): Command =>
  new Command('reset')
    .description('delete a checkpoint: the next run of its stream starts over')
    .argument('<name>', 'name of the checkpoint')
    .addHelpText('after', '\nExample:\n  $ npx bifold checkpoint reset reading')
    .action((name: string) =>
      withContext(async ({ paths }) => {
        const folder = knownCheckpoint(paths, name);
        const unlock = lockFolder(folder);
        try {
          await removeJournal(folder);
        } finally {
          unlock();
        }
        print(`checkpoint ${name} is forgotten`);
      }),
    );

/** The result of a batch, in one line. */
export function summaryOf(counts: {
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly late: number;
  readonly duplicates: number;
  readonly quarantined: number;
}): string {
  const { rowsIn, rowsOut, late, duplicates, quarantined } = counts;
  const rest = [
    late > 0 ? `${number(late)} late` : '',
    duplicates > 0 ? plural(duplicates, 'duplicate') : '',
    quarantined > 0 ? `${number(quarantined)} quarantined` : '',
  ].filter(Boolean);
  return [`${plural(rowsIn, 'row')} in`, `${number(rowsOut)} out`, ...rest].join(', ');
}
