import { Command, CommanderError } from 'commander';
import { archiveCommand, recomputeCommand, sweepCommand } from './commands/batch-jobs.ts';
import { checkCommand } from './commands/check.ts';
import { checkpointCommand } from './commands/checkpoint.ts';
import { consumeCommand } from './commands/consume.ts';
import { convertCommand } from './commands/convert.ts';
import { cqlCommand } from './commands/cql.ts';
import { deployCommand } from './commands/deploy.ts';
import { destroyCommand } from './commands/destroy.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { exampleCommand } from './commands/example.ts';
import { exploreCommand } from './commands/explore.ts';
import { groupsCommand } from './commands/groups.ts';
import { logsCommand } from './commands/logs.ts';
import { lookupCommand } from './commands/lookup.ts';
import { modelCommand } from './commands/model.ts';
import { produceCommand } from './commands/produce.ts';
import { quarantineCommand } from './commands/quarantine.ts';
import { queryCommand } from './commands/query.ts';
import { runCommand } from './commands/run.ts';
import { setUpCommand } from './commands/set-up.ts';
import { sqlCommand } from './commands/sql.ts';
import { startCommand } from './commands/start.ts';
import { statusCommand } from './commands/status.ts';
import { synthCommand } from './commands/synth.ts';
import { topicCommand } from './commands/topic.ts';
import { trainCommand } from './commands/train.ts';
import { upCommand } from './commands/up.ts';
import { verifyCommand } from './commands/verify.ts';
import { waitCommand } from './commands/wait.ts';
import { watchCommand } from './commands/watch.ts';
import { Ended, EXIT, exitStatusOf, explainError, UsageError } from './errors.ts';
import { tell } from './terminal.ts';

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
It ends with 0 when all is well, 1 when the answer is no, 2 when asked wrongly, 3 when something is away, 4 when what was
asked about is kept nowhere any more.`,
  );

for (const command of [
  startCommand(),
  upCommand(),
  downCommand(),
  statusCommand(),
  waitCommand(),
  doctorCommand(),
  checkCommand(),
  deployCommand(),
  destroyCommand(),
  topicCommand(),
  groupsCommand(),
  lookupCommand(),
  exampleCommand(),
  cqlCommand(),
  sqlCommand(),
  exploreCommand(),
  synthCommand(),
  trainCommand(),
  modelCommand(),
  produceCommand(),
  consumeCommand(),
  convertCommand(),
  runCommand(),
  checkpointCommand(),
  queryCommand(),
  watchCommand(),
  verifyCommand(),
  quarantineCommand(),
  archiveCommand(),
  recomputeCommand(),
  sweepCommand(),
  logsCommand(),
  setUpCommand(),
]) {
  program.addCommand(command);
}

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
