import type { AnyOptions } from './option.ts';
import { optionsOf, type Program, STATUS, usageOf } from './program.ts';

/** The text of `--help`. */
export function helpOf<Options extends AnyOptions, Words>(program: Program<Options, Words>): string {
  const { name, does, words, statuses, examples, remarks } = program;
  const rows = [
    ...(words === undefined ? [] : [[words.placeholder.replaceAll(/[[\].]/g, ''), words.says] as const]),
    ...Object.entries(optionsOf(program)).map(([option, one]) => [usageOf(option, one), one.says] as const),
  ];
  return [
    `npm run ${name} -- ${words === undefined ? '' : `${words.placeholder} `}[options]`,
    does,
    columns(rows),
    `Status:\n${columns(Object.entries({ ...statuses, [STATUS.usage]: 'the command was wrong' }))}`,
    `Examples:\n${examples.map((example) => `  npm run ${name} ${example}`.trimEnd()).join('\n')}`,
    ...(remarks === undefined ? [] : [remarks]),
  ].join('\n\n');
}

/** Lines of a help are no longer than this, but for a word that is. */
const LINE_MAX = 120;

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  const indent = `\n${' '.repeat(width + 4)}`;
  return rows
    .map(([left, right]) => `  ${left.padEnd(width)}  ${linesOf(right, LINE_MAX - width - 4).join(indent)}`)
    .join('\n');
}

function linesOf(text: string, max: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > max) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
