import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { isRemote } from '@bifold/adapters/files';
import {
  CELL_TYPES,
  type CellType,
  checkHeader,
  FORMAT_EXTENSIONS,
  FORMAT_KINDS,
  type FormatKind,
  formatOfKind,
  formatOfName,
  type OpenRows,
  type TypedColumn,
} from '@bifold/adapters/formats';
import { type ColumnType, optionalFieldsOf } from '@bifold/core/engine';
import { Command, InvalidArgumentError, Option } from 'commander';
import { definitions } from '../../deployment/definitions.ts';
import { namedOf } from '../../deployment/deployments.ts';
import { Ended, EXIT, UsageError } from '../../errors.ts';
import { plural, print, printJson, seconds, tell, warn } from '../../output/terminal.ts';
import { STANDARD_INPUT } from '../../records/input-files.ts';
import { brought, sent } from '../../records/remote-files.ts';
import { temporaryFile } from '../../records/temporary-file.ts';
import { convertRows, inferred, openRows, type RowSource } from '../../tabular/conversion.ts';
import { columnsText, zodText } from '../../tabular/schema-text.ts';
import { wholeNumber } from '../option-values.ts';
import { type ReadingChoice, readingOf, withReadingOptions } from '../reading-options.ts';

/** The sample size of standard input, which cannot be read twice. */
const SAMPLE_ROWS = 1_000;

interface Options extends ReadingChoice {
  readonly from?: FormatKind;
  readonly to?: FormatKind;
  readonly infer?: boolean;
  readonly sample?: number;
  readonly schema?: string;
  readonly type: Readonly<Record<string, CellType>>;
  readonly rejects?: string;
  readonly allowBad?: boolean;
  readonly json?: boolean;
}

export const convertCommand = (): Command =>
  withReadingOptions(
    new Command('convert')
      .description('convert between CSV, JSON lines and Parquet, with types')
      .argument('<input>', 'a file, hdfs://host:port/path, s3://bucket/path, or - for standard input')
      .argument('[output]', 'a file (default: standard output)')
      .addOption(
        new Option('--from <format>', 'format of the input (default: by its extension)').choices([...FORMAT_KINDS]),
      )
      .addOption(
        new Option('--to <format>', 'format of the output (default: by its extension)').choices([...FORMAT_KINDS]),
      )
      .option('--infer', 'show the columns with their types, as a table and as a zod schema')
      .option(
        '--sample <n>',
        'infer types from this number of first rows (default: all; standard input: 1000)',
        wholeNumber,
      )
      .option('--schema <pipeline>', "use the types of a pipeline's topic instead of inferred ones")
      .option('--type <column=type>', `set the type of a column: ${CELL_TYPES.join(', ')}; may be repeated`, typeOf, {})
      .option('--rejects <file>', 'file for bad rows (default: the output name with .rejects.jsonl)')
      .option('--allow-bad', 'exit with 0 even if there were bad rows')
      .option('--json', 'print the result as JSON'),
  )
    .addHelpText(
      'after',
      `
Types: integer, float (1.0 is a float), boolean, date, timestamp (with a zone), json, text. A column
is a number only if each cell is a JSON number: 007, +1 and integers beyond 2^53 are text. Numbers
keep their digits. With one --null text, CSV that is converted to JSON and back is unchanged. A null
is written as the first --null text.
Bad rows go to the reject file with line number and reason, and the command exits with 1.
docs/files.md lists what each value becomes in each format.

Examples:
  $ npx bifold convert flights.csv --infer
  $ npx bifold convert flights.csv flights.jsonl --null NA
  $ npx bifold convert flights.jsonl flights.parquet
  $ npx bifold convert orders.csv orders.jsonl --type zip=text --rejects bad-orders.jsonl
  $ npx bifold convert hdfs://127.0.0.1:9870/in/orders.csv s3://orders/orders.parquet
  $ cat orders.csv | npx bifold convert - --from csv --schema delays > orders.jsonl`,
    )
    .action(convert);

function typeOf(text: string, before: Readonly<Record<string, CellType>>): Readonly<Record<string, CellType>> {
  const at = text.lastIndexOf('=');
  const type = CELL_TYPES.find((one) => one === text.slice(at + 1));
  if (at > 0 && type !== undefined) return { ...before, [text.slice(0, at)]: type };
  throw new InvalidArgumentError(`It must be column=type, the type one of ${CELL_TYPES.join(', ')}.`);
}

/** Converts a file. A remote file is downloaded first, and uploaded at the end. */
async function convert(input: string, output: string | undefined, options: Options): Promise<void> {
  const temporary: string[] = [];
  try {
    const local = isRemote(input) ? await brought(input, temporary) : input;
    const target = output !== undefined && isRemote(output) ? temporaryFile(basename(output), temporary) : output;
    const rejects = options.rejects ?? `${output === undefined ? local : basename(output)}.rejects.jsonl`;
    await convertLocal(local, target, target === output ? options : { ...options, rejects }, output);
    if (target !== undefined && output !== undefined && target !== output) await sent(target, output);
  } finally {
    for (const file of temporary) rmSync(file, { recursive: true, force: true });
  }
}

async function convertLocal(
  input: string,
  output: string | undefined,
  options: Options,
  shownOutput = output,
): Promise<void> {
  const startedAtMs = performance.now();
  const from = options.from ?? formatOfName(input)?.kind ?? unknownFormat('input', input, '--from');
  const to = targetOf(from, output, options);
  const reading = readingOf(options);
  const isShownOnly = output === undefined && options.infer === true;
  if (options.json && output === undefined && !isShownOnly) throw jsonNeedsOutput();
  const source = { ...reading, path: input, format: from };
  const sampleRows = options.sample ?? (input === STANDARD_INPUT ? SAMPLE_ROWS : Number.POSITIVE_INFINITY);
  const found =
    options.schema === undefined ? await inferred(source, sampleRows) : await underSchema(source, options.schema);
  const columns = withTypes(found.columns, options.type);
  if (options.infer && !options.json) {
    const shown = `${columnsText(columns)}\n\n${zodText(input === STANDARD_INPUT ? 'row' : basename(input), columns)}`;
    if (output === undefined && !isShownOnly) tell(`${shown}\n`);
    else print(isShownOnly ? shown : `${shown}\n`);
  }
  if (isShownOnly) return options.json ? printJson({ columns }) : undefined;
  const rejectsFile =
    options.rejects ?? `${output ?? (input === STANDARD_INPUT ? 'rows' : basename(input))}.rejects.jsonl`;
  const target = { ...reading, output: output ?? null, to, rejectsFile };
  const { rows, bad } = await convertRows(await found.open(), columns, target);
  if (options.json) printJson({ rows, bad, output: shownOutput, rejects: bad > 0 ? rejectsFile : null, columns });
  else if (output !== undefined)
    print(`converted ${plural(rows, 'row')} to ${shownOutput}  (${seconds(performance.now() - startedAtMs)})`);
  if (bad > 0) {
    warn(`${plural(bad, 'bad row')} left out: ${rejectsFile} says which lines, and why`);
    if (options.allowBad !== true) throw new Ended(EXIT.no);
  }
}

function targetOf(from: FormatKind, output: string | undefined, { to }: Options): FormatKind {
  if (output !== undefined) return to ?? formatOfName(output)?.kind ?? unknownFormat('output', output, '--to');
  const target = to ?? (from === 'csv' ? 'json' : 'csv');
  if (formatOfKind(target).text !== null) return target;
  throw new UsageError('BIFOLD_PARQUET_NEEDS_FILE', {
    failed: 'Parquet is not written to standard output',
    received: 'no output',
    allowed: 'a file: Parquet has its index at the end',
    remedy: 'name the output',
  });
}

function unknownFormat(which: string, path: string, option: string): never {
  throw new UsageError('BIFOLD_UNKNOWN_FORMAT', {
    failed: `the format of the ${which} is not known`,
    received: `"${path}"`,
    allowed: FORMAT_EXTENSIONS.join(', '),
    remedy: `say it by ${option}: ${FORMAT_KINDS.join(', ')}`,
  });
}

function jsonNeedsOutput(): UsageError {
  return new UsageError('BIFOLD_TWO_OUTPUTS', {
    failed: 'rows and result cannot both go to standard output',
    received: '--json without an output',
    allowed: 'a file for the rows, with --json; or rows on standard output',
    remedy: 'name the output',
  });
}

const OF_SCHEMA: Readonly<Record<ColumnType, CellType>> = {
  integer: 'integer',
  double: 'float',
  text: 'text',
  boolean: 'boolean',
  timestamp: 'timestamp',
  decimal: 'text',
  json: 'json',
};

/** The rows of a file with the columns of a pipeline. Its header is checked before it is read. */
async function underSchema(
  source: RowSource,
  name: string,
): Promise<Pick<Awaited<ReturnType<typeof inferred>>, 'columns' | 'open'>> {
  const { pipelines } = await definitions();
  const { plan, schema } = namedOf(pipelines, name);
  const optional = optionalFieldsOf(`pipeline "${name}"`, schema);
  const open = async (): Promise<OpenRows> => {
    const opened = await openRows(source);
    const { header, notes = [] } = opened;
    const remarks = header === null ? [] : checkHeader(source.path, header, { columns: plan.columns, optional });
    for (const note of [...notes, ...remarks]) warn(note);
    return opened;
  };
  return { columns: plan.columns.map((column) => ({ ...column, type: OF_SCHEMA[column.type] })), open };
}

function withTypes(columns: readonly TypedColumn[], types: Readonly<Record<string, CellType>>): readonly TypedColumn[] {
  const unknown = Object.keys(types).find((name) => !columns.some((column) => column.name === name));
  if (unknown !== undefined) {
    throw new UsageError('BIFOLD_UNKNOWN_COLUMN', {
      failed: `there is no column "${unknown}" to give a type to`,
      received: `"${unknown}"`,
      allowed: columns.map(({ name }) => name).join(', '),
      remedy: 'correct --type',
    });
  }
  return columns.map((column) =>
    Object.hasOwn(types, column.name) ? { ...column, type: types[column.name] as CellType } : column,
  );
}
