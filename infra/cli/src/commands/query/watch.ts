import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, durationMs, type Plan } from '@bifold/core/engine';
import { Command } from 'commander';
import { ask } from '../../api.ts';
import { untilInterrupted } from '../../cloud/interruption.ts';
import { type Context, withContext } from '../../context.ts';
import { deployedAs, namedOf } from '../../deployment/deployments.ts';
import { explainError, UsageError } from '../../errors.ts';
import { warnOfOtherTopics } from '../../kafka/topics/recreated-topic.ts';
import { changeText, rowsText } from '../../output/answer-text.ts';
import { bold, dim, number, plural, print, styled, warn } from '../../output/terminal.ts';
import { type Change, WatchedRows } from '../../output/watching.ts';
import { wholeNumber } from '../option-values.ts';
import { type QueryOptions, queryOf, queryOptions } from './query.ts';

interface Options extends QueryOptions {
  readonly every: string;
  readonly limit: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

export const watchCommand = (): Command =>
  queryOptions(
    new Command('watch')
      .description('show the rows of a view as they change')
      .argument('<pipeline>', 'name of the pipeline'),
  )
    .option('--every <duration>', 'interval between two queries', '1s')
    .option('--limit <n>', 'maximum number of rows', wholeNumber, 1_000)
    .option('--once', 'query once, then exit')
    .option('--json', 'print one JSON object per line for each new, changed or removed row')
    .addHelpText(
      'after',
      `
Queries the API repeatedly. A terminal shows the table in place, with changes in green. If not all
rows fit, it shows those that changed last. In a pipe, and with --json, each change is a line.
Ctrl-C stops it.

Examples:
  $ npx bifold watch wine
  $ npx bifold watch delays --window daily --key '{"carrier":"UA","origin":"EWR"}' --every 5s
  $ npx bifold watch delays --window hourly --json | head`,
    )
    .action((name: string, options: Options) =>
      withContext((context) => untilInterrupted((signal) => watch(context, name, options, signal))),
    );

/** Shows one answer after another. */
interface Screen {
  show(answer: Answer, changes: readonly Change[]): void;
  /** Shows that the API did not answer. The query is repeated. */
  showAway(error: unknown): void;
  end(): void;
}

async function watch(context: Context, name: string, options: Options, signal: AbortSignal): Promise<void> {
  const pipeline = namedOf(await context.pipelines(), name);
  const { plan } = pipeline;
  const deployment = deployedAs(context.paths, pipeline);
  const everyMs = intervalOf(options.every);
  await warnOfOtherTopics(context, deployment);
  const query = { ...queryOf(options), limit: options.limit };
  const watched = new WatchedRows();
  const drawn = !options.json && !options.once && process.stdout.isTTY === true;
  const screen = drawn ? drawnScreen(plan, watched) : lineScreen(plan, options);
  try {
    while (!signal.aborted) {
      const answer = await ask(context, deployment, query).catch((error: unknown) => {
        // Report a wrong query, and any error of the first query, at once.
        if (error instanceof UsageError || options.once) throw error;
        screen.showAway(error);
        return null;
      });
      if (answer !== null) screen.show(answer, watched.update(answer.rows));
      if (options.once) break;
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    screen.end();
  }
}

function intervalOf(every: string): number {
  const everyMs = durationMs(every as Parameters<typeof durationMs>[0]);
  if (everyMs >= 100 && everyMs <= 3_600_000) return everyMs;
  throw new UsageError('BIFOLD_BAD_INTERVAL', {
    failed: 'a view cannot be watched that often, or that seldom',
    received: `--every ${every}`,
    allowed: '100ms to 1h',
    remedy: 'choose another --every',
  });
}

/** Prints every change as a line, or as a JSON object. With `--once`, it prints the table. */
function lineScreen(plan: Plan, { json, once }: Options): Screen {
  let isAway = false;
  return {
    show({ rows, receipt }, changes) {
      isAway = false;
      const { total = false, parts = false } = receipt.question;
      if (json)
        for (const change of changes) {
          const { kind, row } = change;
          const before = change.kind === 'changed' ? { before: change.before } : {};
          print(JSON.stringify({ change: kind, key: row.key, window: row.window, values: row.values, ...before }));
        }
      else if (once) print(rows.length === 0 ? dim('no rows') : rowsText(plan, rows, { total, parts }));
      else for (const change of changes) print(changeText(plan, change));
    },
    showAway(error) {
      if (!isAway) warn(explainError(error));
      isAway = true;
    },
    end() {},
  };
}

/** Switches to the alternate screen, hides the cursor, and truncates long lines. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/**
 * The number of screen lines besides the rows: title, blank line, table head, blank line, status.
 */
const LINES_AROUND = 5;

/**
 * Redraws the table in place on the alternate screen of the terminal. At the end, it prints the
 * last table on the normal screen.
 */
function drawnScreen(plan: Plan, watched: WatchedRows): Screen {
  let last = '';
  let away = '';
  const draw = (): void => {
    const lines = `${last}${away === '' ? '' : `\n${away}`}`.split('\n').slice(0, (process.stdout.rows ?? 24) - 1);
    process.stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\n')}\x1b[J`);
  };
  process.stdout.write(ENTER);
  return {
    show({ rows, receipt, cursor }, changes) {
      const columnsOf = new Map(
        changes.map((change) => [change.row, change.kind === 'changed' ? new Set(change.columns) : null]),
      );
      const isChanged = (row: Answer['rows'][number], name: string): boolean =>
        columnsOf.has(row) && (columnsOf.get(row)?.has(name) ?? true);
      const { total = false, parts = false } = receipt.question;
      const visible = watched.latest((process.stdout.rows ?? 24) - LINES_AROUND);
      const covered = receipt.offsets.batch + receipt.offsets.speed;
      const fresh = changes.filter(({ kind }) => kind === 'new').length;
      const changed = changes.filter(({ kind }) => kind === 'changed').length;
      const many =
        visible.length < rows.length ? `, ${number(visible.length)} shown` : cursor === null ? '' : ', more follow';
      const news = [fresh > 0 ? `${number(fresh)} new` : '', changed > 0 ? `${number(changed)} changed` : '']
        .filter(Boolean)
        .join(', ');
      last = [
        `${bold(plan.name)} ${receipt.question.window}  ${plural(rows.length, 'row')}${many}  ${plural(covered, 'offset')}, generation ${receipt.generation}  ${styled('green', news)}`,
        '',
        rows.length === 0 ? dim('no rows yet') : rowsText(plan, visible, { total, parts, isChanged }),
      ].join('\n');
      away = '';
      draw();
    },
    showAway(error) {
      away = styled('yellow', explainError(error).split('\n')[0] ?? '');
      draw();
    },
    end() {
      process.stdout.write(LEAVE);
      if (last !== '') print(last);
    },
  };
}
