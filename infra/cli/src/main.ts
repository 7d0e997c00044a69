import { Command, CommanderError } from 'commander';
import { Ended, EXIT, exitStatusOf, explainError, UsageError } from './errors.ts';
import { tell } from './output/terminal.ts';

const program = new Command('bifold')
  .description('One pipeline definition, folded twice: a Lambda architecture whose merged answers are exact.')
  .version('0.1.0')
  .showHelpAfterError(false)
  .addHelpText(
    'after',
    `
First steps:
  $ npx bifold start              everything at once, on the flights of 2013
  $ npx bifold up                 start the local cloud
  $ npx bifold deploy delays      deploy a pipeline on it
  $ npx bifold status             see how it does
  $ npx bifold verify delays      recompute its answer from the log

Each command explains itself: npx bifold <command> --help
Exit codes: 0 success, 1 check failed, 2 usage error, 3 service unavailable, 4 data no longer retained.`,
  );

/**
 * In the order of the help. All of them together load a thousand modules, most of which the one
 * that was asked for does not need.
 */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./commands/cloud/start.ts')).startCommand(),
  up: async () => (await import('./commands/cloud/up.ts')).upCommand(),
  down: async () => (await import('./commands/cloud/down.ts')).downCommand(),
  status: async () => (await import('./commands/cloud/status.ts')).statusCommand(),
  wait: async () => (await import('./commands/pipeline/wait.ts')).waitCommand(),
  doctor: async () => (await import('./commands/cloud/doctor.ts')).doctorCommand(),
  check: async () => (await import('./commands/pipeline/check.ts')).checkCommand(),
  deploy: async () => (await import('./commands/pipeline/deploy.ts')).deployCommand(),
  destroy: async () => (await import('./commands/pipeline/destroy.ts')).destroyCommand(),
  topic: async () => (await import('./commands/kafka/topic.ts')).topicCommand(),
  groups: async () => (await import('./commands/kafka/groups.ts')).groupsCommand(),
  lookup: async () => (await import('./commands/data/lookup.ts')).lookupCommand(),
  example: async () => (await import('./commands/data/example.ts')).exampleCommand(),
  cql: async () => (await import('./commands/query/cql.ts')).cqlCommand(),
  sql: async () => (await import('./commands/query/sql.ts')).sqlCommand(),
  explore: async () => (await import('./commands/data/explore.ts')).exploreCommand(),
  synth: async () => (await import('./commands/data/synth.ts')).synthCommand(),
  train: async () => (await import('./commands/model/train.ts')).trainCommand(),
  model: async () => (await import('./commands/model/model.ts')).modelCommand(),
  produce: async () => (await import('./commands/kafka/produce.ts')).produceCommand(),
  consume: async () => (await import('./commands/kafka/consume.ts')).consumeCommand(),
  convert: async () => (await import('./commands/data/convert.ts')).convertCommand(),
  run: async () => (await import('./commands/data/run.ts')).runCommand(),
  checkpoint: async () => (await import('./commands/data/checkpoint.ts')).checkpointCommand(),
  query: async () => (await import('./commands/query/query.ts')).queryCommand(),
  watch: async () => (await import('./commands/query/watch.ts')).watchCommand(),
  verify: async () => (await import('./commands/pipeline/verify.ts')).verifyCommand(),
  quarantine: async () => (await import('./commands/pipeline/quarantine.ts')).quarantineCommand(),
  archive: async () => (await import('./commands/pipeline/batch-jobs.ts')).archiveCommand(),
  recompute: async () => (await import('./commands/pipeline/batch-jobs.ts')).recomputeCommand(),
  restore: async () => (await import('./commands/pipeline/restore.ts')).restoreCommand(),
  sweep: async () => (await import('./commands/pipeline/batch-jobs.ts')).sweepCommand(),
  logs: async () => (await import('./commands/cloud/logs.ts')).logsCommand(),
  'set-up': async () => (await import('./commands/cloud/set-up.ts')).setUpCommand(),
};
const asked = process.argv[2] ?? '';
const needed = Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
for (const name of needed) program.addCommand(await (COMMANDS[name] as () => Promise<Command>)());

/** Commander's own messages are written by us, in four parts like all others. */
function refuseByThrowing(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} });
  for (const below of command.commands) refuseByThrowing(below);
}
refuseByThrowing(program);

function usageErrorOf(error: CommanderError): UsageError {
  const named = program.commands.map((command) => command.name()).find((name) => name === process.argv[2]);
  const [message = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  return new UsageError('BIFOLD_BAD_USAGE', {
    failed: 'the command was not understood',
    received: message,
    allowed: hints.join(' ').trim() || 'what --help lists',
    remedy: `npx bifold ${named === undefined ? '' : `${named} `}--help`,
  });
}

// A reader that has seen enough (`bifold query ... | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

try {
  await program.parseAsync();
} catch (caught) {
  if (caught instanceof CommanderError && caught.exitCode === 0) process.exitCode = EXIT.ok;
  else {
    // Commander shows the help of a command that was called without what it needs.
    const error = caught instanceof CommanderError ? usageErrorOf(caught) : caught;
    if (!(caught instanceof CommanderError && caught.code === 'commander.help') && !(error instanceof Ended)) {
      tell(explainError(error));
    }
    process.exitCode = exitStatusOf(error);
  }
}
