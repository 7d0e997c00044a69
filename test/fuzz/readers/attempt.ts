import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Ran, runCommand } from '../../../infra/cli/src/command-line/bifold.fixture.ts';
import { CORPUS } from '../../files/corpus/corpus.ts';
import { ENGINE_TEXT } from '../../files/corpus/engines.ts';
import { writeCase } from '../../files/corpus/write-case.ts';
import { randomOf } from '../../simulation/random.ts';
import { mutated } from './mutate.ts';

/** One file that was tried. */
export interface Attempt {
  /** The extension, which names the reader. */
  readonly reader: string;
  readonly status: number;
  /** The rule that the reader broke. Null if it kept all. */
  readonly violation: string | null;
}

const { sizes: _, ...small } = CORPUS;
const CASES = Object.values(small).flat();
const TARGETS = ['.jsonl', '.csv', '.parquet'] as const;

/**
 * Mutates a file of the corpus, converts it, and reads the result.
 *
 * @param index the number of the attempt: with the seed, it determines the file
 */
export async function attempt(folder: string, seed: number, index: number): Promise<Attempt> {
  const random = randomOf(seed, `reader ${index}`);
  const chosen = random.pick(CASES);
  const reader = extname(chosen.file);
  const source = await writeCase(folder, { ...chosen, file: `whole${reader}` });
  const input = join(folder, `mutated${reader}`);
  writeFileSync(input, mutated(readFileSync(source), random));
  const output = join(folder, `out${random.pick(TARGETS)}`);
  const rejects = join(folder, 'rejects');
  for (const path of [output, rejects]) rmSync(path, { force: true });
  const options = random.chance(0.5) ? (chosen.options ?? []) : [];
  const ran = await runCommand('convert', [input, output, '--rejects', rejects, ...options]);
  const reasons = existsSync(rejects) ? reasonsOf(readFileSync(rejects, 'utf8')) : '';
  const violation =
    violationOf(ran, { isWritten: existsSync(output), reasons }) ??
    (await readAgain(output, join(folder, 'again.jsonl')));
  return { reader, status: ran.status, violation };
}

/** The rule that a conversion broke. Null if it kept all. */
export function violationOf(
  { status, stderr }: Pick<Ran, 'status' | 'stderr'>,
  { isWritten, reasons }: { readonly isWritten: boolean; readonly reasons: string },
): string | null {
  if (![0, 1, 2].includes(status)) return `it ended with ${status}: ${stderr}`;
  if (ENGINE_TEXT.test(stderr)) return `an engine speaks in its message: ${stderr}`;
  if (ENGINE_TEXT.test(reasons)) return `an engine speaks in a reason: ${reasons.slice(0, 1_000)}`;
  if (status === 2 && !/\[BIFOLD_[A-Z_0-9]+\]/.test(stderr)) return `a refusal has no code: ${stderr}`;
  if (status === 2 && isWritten) return 'a refused file left an output';
  if (status !== 2 && !isWritten) return 'a conversion left no output';
  return null;
}

const reasonsOf = (rejects: string): string =>
  rejects
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { reason: string }).reason)
    .join('\n');

/** A file that was written can be read. JSON lines without a row have no columns. */
async function readAgain(output: string, again: string): Promise<string | null> {
  if (!existsSync(output)) return null;
  const { status, stderr } = await runCommand('convert', [output, again]);
  if (status === 0 || /\[BIFOLD_NO_ROWS\]/.test(stderr)) return null;
  return `its output cannot be read: ${stderr}`;
}
