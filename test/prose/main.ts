import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { option, runProgram } from '@bifold/cli/command-line';
import { root } from '../gates/run.ts';
import { pages } from './files.ts';
import { sentencesOf, wordsIn } from './sentences.ts';

const WORDS_MAX = 30;

const PROGRAM = {
  name: 'prose',
  description: `Warns of sentences of more than ${WORDS_MAX} words in the pages. A warning is not a failure: some lists are long.`,
  options: [option('--json', 'print the warnings as JSON')],
  exitCodes: { 0: 'the pages are read' },
  examples: ['', '--json'],
} as const;

await runProgram<{ readonly json?: true }>(PROGRAM, async ({ options: { json } }) => {
  const warnings = pages().flatMap((file) =>
    sentencesOf(readFileSync(join(root, file), 'utf8'))
      .map(({ line, text }) => ({ file, line, words: wordsIn(text), text }))
      .filter(({ words }) => words > WORDS_MAX),
  );
  if (json) console.log(JSON.stringify(warnings));
  else {
    for (const { file, line, words, text } of warnings)
      console.log(`${file}:${line}: warning: a sentence of ${words} words: ${text}`);
    console.log(`${warnings.length} sentences over ${WORDS_MAX} words`);
  }
  return 0;
});
