/** A sentence of a page or comment, and the line on which it begins. */
export interface Sentence {
  readonly line: number;
  readonly text: string;
}

/** A clause that opens with a relative pronoun has no subject that a reader can find. */
const BARE_RELATIVE = /^(What|Whatever|Who|Whom|Whose|Whoever|Of what|Of which|By which|For which|In which)\b/;
/** Text that is not prose: headings, tables, HTML, and lines with only a link. */
const NOT_PROSE = /^\s*(#|\||<|\[.*\]:|$)/;
const LIST_ITEM = /^\s*([-*]|\d+\.)\s+/;

/** Whether a comment opens with a bare relative, as in "What a run covers.". */
export function opensWithRelative(comment: string): boolean {
  return BARE_RELATIVE.test(comment) && !comment.includes('?');
}

/** The words of a sentence. Code counts as one word, and so does a link. */
export function wordsIn(sentence: string): number {
  const plain = sentence.replaceAll(/`[^`]*`/g, 'code').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, 'link');
  return plain.split(/\s+/).filter((word) => /\w/.test(word)).length;
}

/** The sentences of a page in Markdown, without its code, headings and tables. */
export function sentencesOf(page: string): readonly Sentence[] {
  const sentences: Sentence[] = [];
  let paragraph: { line: number; text: string } | null = null;
  const close = (): void => {
    if (paragraph !== null) sentences.push(...split(paragraph));
    paragraph = null;
  };
  let isCode = false;
  for (const [index, line] of page.split('\n').entries()) {
    const isFence = line.trimStart().startsWith('```');
    if (isFence) isCode = !isCode;
    if (isCode || isFence || NOT_PROSE.test(line) || LIST_ITEM.test(line)) close();
    if (isCode || isFence || NOT_PROSE.test(line)) continue;
    const text = line.replace(LIST_ITEM, '').trim();
    if (paragraph === null) paragraph = { line: index + 1, text };
    else paragraph.text += `\n${text}`;
  }
  close();
  return sentences;
}

/** A sentence ends at a full stop, a colon or a question mark before white space. */
function split({ line, text }: Sentence): readonly Sentence[] {
  const sentences: Sentence[] = [];
  let at = line;
  for (const part of text.split(/(?<=[.:;?!][)*"]*)\s/)) {
    sentences.push({ line: at, text: part.replaceAll('\n', ' ').trim() });
    at += part.split('\n').length - 1;
  }
  return sentences.filter((sentence) => sentence.text !== '');
}

/** The comments of a source file, each as one text with the line on which it begins. */
export function commentsOf(source: string): readonly Sentence[] {
  const comments: { line: number; text: string; isOpen: boolean }[] = [];
  for (const [index, line] of source.split('\n').entries()) {
    const own = /^\s*(\/\/|\/\*\*|\*\/|\*)\s?(.*)$/.exec(line);
    const last = comments.at(-1);
    if (own === null) {
      if (last) last.isOpen = false;
      continue;
    }
    const [, mark = '', text = ''] = own;
    const words = text.replace(/\s*\*\/$/, '').trim();
    const begins = mark === '/**' || last === undefined || !last.isOpen;
    if (begins) comments.push({ line: index + 1, text: words, isOpen: true });
    else last.text = `${last.text} ${words}`.trim();
  }
  return comments.map(({ line, text }) => ({ line, text }));
}
