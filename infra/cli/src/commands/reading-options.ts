import { ENCODINGS, type Encoding, type TextOptions } from '@bifold/adapters/formats';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { listed } from './option-values.ts';

type Rename = Readonly<Record<string, string>>;

/** How a command reads a file. */
export interface ReadingChoice {
  readonly delimiter?: string;
  readonly quote?: string;
  readonly encoding?: Encoding;
  readonly null?: readonly string[];
  readonly decimalComma?: boolean;
  readonly rename?: Rename;
}

/** Adds the options of every command that reads a file of rows. */
export function withReadingOptions(command: Command): Command {
  return command
    .option('--delimiter <text>', 'delimiter of CSV cells; a tab for .tsv (default: ",")', delimiterOf)
    .option('--quote <character>', 'quote character of CSV, or none (default: ")', quoteOf)
    .addOption(
      new Option('--encoding <name>', 'encoding of text files (default: by the byte order mark, else utf-8)').choices([
        ...ENCODINGS,
      ]),
    )
    .option('--null <text>', 'text that means null in CSV; may be repeated (default: "" and "NA")', listed)
    .option('--decimal-comma', 'CSV numbers have a decimal comma: 1,5 is 1.5')
    .option('--rename <old=new>', 'rename a column of the file; may be repeated', renameOf, {});
}

/** The options with which the formats read a file. */
export function readingOf(choice: ReadingChoice): TextOptions {
  const { delimiter, quote, encoding, null: nullTexts, decimalComma, rename } = choice;
  return {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quote === undefined ? {} : { quote }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(nullTexts === undefined ? {} : { nullTexts }),
    ...(decimalComma === undefined ? {} : { decimalComma }),
    ...(rename === undefined || Object.keys(rename).length === 0 ? {} : { rename }),
  };
}

/** A shell does not make a tab of `\t`. */
function delimiterOf(text: string): string {
  const delimiter = text.replaceAll('\\t', '\t');
  if (delimiter !== '' && !/["\r\n]/.test(delimiter)) return delimiter;
  throw new InvalidArgumentError('It must be a text without quotes and line ends.');
}

/** The empty text stands for no quotes: the library makes it of null. */
function quoteOf(text: string): string {
  if (text === 'none') return '';
  if (text.length === 1 && !/[\r\n]/.test(text)) return text;
  throw new InvalidArgumentError('It must be one character, or none.');
}

function renameOf(text: string, before: Rename): Rename {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1)
    return Object.assign(Object.create(null), before, { [text.slice(0, at)]: text.slice(at + 1) });
  throw new InvalidArgumentError('It must be old=new.');
}
