import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../gates/run.ts';
import { pages } from './files.ts';
import { sentencesOf, wordsIn } from './sentences.ts';

const WORDS_MAX = 30;

/** Warns of long sentences in the pages. It never fails, because some lists of names are long. */
const long = pages().flatMap((file) =>
  sentencesOf(readFileSync(join(root, file), 'utf8'))
    .filter(({ text }) => wordsIn(text) > WORDS_MAX)
    .map(({ line, text }) => `${file}:${line}: warning: a sentence of ${wordsIn(text)} words: ${text}`),
);
for (const warning of long) console.log(warning);
console.log(`${long.length} sentences over ${WORDS_MAX} words`);
