import { StreamError } from '../errors.ts';
import { differencesOf } from './difference.ts';
import type { Journal } from './journal.ts';

/** The format of all files of a checkpoint. */
const FORMAT = 2;

/** The position up to which a source was read, as plain data that only the source understands. */
export type Position = Readonly<Record<string, unknown>>;

/**
 * A planned batch, stored before its first row is read. A repeated batch has the same number and
 * the same rows.
 */
export interface PlannedBatch {
  readonly batch: number;
  readonly at: string;
  readonly from: Position;
  readonly to: Position;
  /**
   * The watermark of this batch. Windows that end at or before it are closed: the batch emits them
   * and drops their state. Epoch milliseconds.
   */
  readonly watermarkMs: number | null;
  /** The watermark of the previous batch: rows of a window that ends at or before it are late. */
  readonly lateBelowMs: number | null;
  /** Versions of the lookup tables that this batch joins with. */
  readonly lookups?: Readonly<Record<string, string>>;
}

/** A batch that every sink has written. */
export interface CommittedBatch {
  readonly batch: number;
  readonly at: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly late: number;
  readonly duplicates: number;
  readonly quarantined: number;
  /** The watermark of the next batch, which includes the rows of this one. Epoch milliseconds. */
  readonly nextWatermarkMs: number | null;
  /** The watermarks of the sides of a join. The lower one is the watermark of the join. */
  readonly sideWatermarksMs?: readonly (number | null)[];
}

/** The identity of a checkpoint's stream. */
export interface CheckpointHead {
  readonly format: typeof FORMAT;
  readonly id: string;
  readonly createdAt: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

const HEAD = 'stream.jsonl';
const OFFSETS = 'offsets.jsonl';
const COMMITS = 'commits.jsonl';
/** The number of batches that are kept for inspection. Recovery needs only the last one. */
const KEPT_BATCHES = 100;
const LINES_MAX = 1_000;

/**
 * The checkpoint of a stream. It records the rows of each batch before the batch runs, and the
 * commit after every sink has written it. After a crash in between, one batch runs again with the
 * same number and the same rows.
 */
export class Checkpoint {
  readonly head: CheckpointHead;
  private readonly journal: Journal;
  private offsets: PlannedBatch[];
  private commits: CommittedBatch[];

  private constructor(journal: Journal, head: CheckpointHead, offsets: PlannedBatch[], commits: CommittedBatch[]) {
    this.journal = journal;
    this.head = head;
    this.offsets = offsets;
    this.commits = commits;
  }

  /** @throws {StreamError} when it is of another definition */
  static async open(
    journal: Journal,
    definition: Readonly<Record<string, unknown>>,
    fresh: () => { readonly id: string; readonly createdAt: string },
  ): Promise<Checkpoint> {
    const known = await readCheckpoint(journal);
    if (known === null) {
      const head: CheckpointHead = { format: FORMAT, ...fresh(), definition };
      await journal.replace(HEAD, [head]);
      return new Checkpoint(journal, head, [], []);
    }
    const differences = differencesOf(known.head.definition, definition);
    if (differences.length > 0) throw anotherDefinition(String(definition.name), differences);
    return new Checkpoint(journal, known.head, [...known.offsets], [...known.commits]);
  }

  /** The planned batch without a commit. It must run before any other batch. */
  get pending(): PlannedBatch | null {
    const planned = this.offsets.at(-1);
    return planned !== undefined && planned.batch !== this.commits.at(-1)?.batch ? planned : null;
  }

  get lastPlanned(): PlannedBatch | null {
    return this.offsets.at(-1) ?? null;
  }

  get lastCommitted(): CommittedBatch | null {
    return this.commits.at(-1) ?? null;
  }

  async plan(batch: PlannedBatch): Promise<void> {
    await this.journal.append(OFFSETS, [batch]);
    this.offsets.push(batch);
  }

  async commit(batch: CommittedBatch): Promise<void> {
    await this.journal.append(COMMITS, [batch]);
    this.commits.push(batch);
    if (this.offsets.length >= LINES_MAX) {
      this.offsets = this.offsets.slice(-KEPT_BATCHES);
      await this.journal.replace(OFFSETS, this.offsets);
    }
    if (this.commits.length >= LINES_MAX) {
      this.commits = this.commits.slice(-KEPT_BATCHES);
      await this.journal.replace(COMMITS, this.commits);
    }
  }
}

/** Reads a checkpoint for display. Null if there is none. */
export async function readCheckpoint(journal: Journal): Promise<{
  readonly head: CheckpointHead;
  readonly offsets: readonly PlannedBatch[];
  readonly commits: readonly CommittedBatch[];
} | null> {
  const [head] = (await journal.read(HEAD)) as CheckpointHead[];
  if (head === undefined) return null;
  if (head.format !== FORMAT)
    throw new StreamError('BIFOLD_CHECKPOINT_UNREADABLE', {
      failed: 'a checkpoint cannot be read',
      received: `format ${JSON.stringify(head.format)}`,
      allowed: `format ${FORMAT}`,
      remedy: 'run the version of the program that wrote it, or start over: npx bifold checkpoint reset',
    });
  return {
    head,
    offsets: (await journal.read(OFFSETS)) as PlannedBatch[],
    commits: (await journal.read(COMMITS)) as CommittedBatch[],
  };
}

function anotherDefinition(name: string, differences: readonly string[]): StreamError {
  return new StreamError('BIFOLD_CHECKPOINT_OF_ANOTHER_DEFINITION', {
    failed: `stream "${name}" cannot continue from its checkpoint`,
    received: `another definition than the one that wrote it: ${differences.slice(0, 8).join('; ')}${differences.length > 8 ? `; and ${differences.length - 8} more` : ''}`,
    allowed: 'the same source, rows, aggregation and sinks; triggers and limits may change',
    remedy: `undo the change, choose another checkpoint (--checkpoint NAME), or start over: npx bifold checkpoint reset ${name}`,
  });
}
