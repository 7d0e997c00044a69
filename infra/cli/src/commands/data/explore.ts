import { rmSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { withContext } from '../../context.ts';
import { print, printJson, tell } from '../../output/terminal.ts';
import { wholeNumber } from '../option-values.ts';
import { type ReadingChoice, readingOf, withReadingOptions } from '../reading-options.ts';

interface Options extends ReadingChoice {
  readonly target?: string;
  readonly html?: string;
  readonly window?: string;
  readonly rows: number;
  readonly json?: boolean;
}

export const exploreCommand = (): Command =>
  withReadingOptions(
    new Command('explore')
      .description('profile a file, a view or a topic: counts, nulls, distributions, outliers, correlations')
      .argument('<what>', 'a file (.csv, .jsonl, .parquet), the name of a pipeline, or a topic')
      .option('--target <column>', 'column to predict: also show its correlation with each other column')
      .option('--html <file>', 'write a report with charts as one self-contained file')
      .option('--window <name>', 'window of the view (default: the first)')
      .option('--rows <n>', 'maximum number of records of a topic', wholeNumber, 1_000_000)
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
Outliers lie more than 1.5 interquartile ranges beyond the quartiles. A target with more than 12
different numbers is numeric; any other target is a class. The correlation with the target is
Pearson's r (two numbers), the correlation ratio (a number and a category) or Cramér's V (two
categories). 0 means none, 1 means that the column determines the target.

Examples:
  $ npx bifold explore wine.csv --target cultivar --html wine.html
  $ npx bifold explore departures
  $ npx bifold explore delays --window daily --json`,
    )
    .action((name: string, { target, html, window, rows, json, ...choice }: Options) =>
      withContext(async (context) => {
        const temporary: string[] = [];
        try {
          const { explored } = await import('../../explore/source.ts');
          const wanted = { reading: readingOf(choice), window: window ?? null, rowsMax: rows };
          const { source, parquetFile } = await explored(context, name, wanted, temporary);
          const { profileOf } = await import('../../explore/profile.ts');
          const profile = await profileOf(source, parquetFile, target ?? null);
          if (html !== undefined) {
            const { profilePage } = await import('../../explore/profile-page.ts');
            writeFileSync(html, profilePage(profile));
          }
          if (json) return printJson(profile);
          const { profileText } = await import('../../explore/profile-text.ts');
          print(profileText(profile));
          if (html !== undefined) tell(`\nthe report is in ${html}`);
        } finally {
          for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
        }
      }),
    );
