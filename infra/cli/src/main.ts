import { Command } from 'commander';
import { runCommandLine } from './command-line/run.ts';

const program = new Command('bifold')
  .description('Turns one pipeline definition into a serverless Lambda architecture with exact merged answers.')
  .version('0.1.0')
  .showHelpAfterError(false)
  .addHelpText(
    'after',
    `
First steps:
  $ npx bifold start              run the whole demonstration on the flights of 2013
  $ npx bifold up                 start the local cloud
  $ npx bifold deploy delays      deploy a pipeline
  $ npx bifold status             show services and pipelines
  $ npx bifold verify delays      recompute its answer, and compare

Options and examples of a command: npx bifold <command> --help
Exit codes: 0 success, 1 check failed, 2 usage error, 3 service unavailable, 4 data no longer retained.`,
  );

/**
 * The commands, in the order of the help. Each is loaded on demand: together they load a thousand
 * modules.
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
const requested = process.argv[2] ?? '';
const needed = Object.hasOwn(COMMANDS, requested) ? [requested] : Object.keys(COMMANDS);
for (const name of needed) program.addCommand(await (COMMANDS[name] as () => Promise<Command>)());

await runCommandLine(program);
