import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../simulation/random.ts';
import type { Stream } from '../stream/driver.ts';
import type { Fields } from '../stream/views.ts';
import { type Answer, faultsOf, type Question, type Receipt, type Row, reachOf } from './oracle.ts';
import { type Covered, includes, sizeOf, union } from './ranges.ts';

/** The totals of the readers. */
export interface ReaderCounts {
  /** Answers of which every row and the receipt were checked. */
  answers: number;
  rows: number;
  pages: number;
  /** Rows that said that they cover more, or less, than the receipt. */
  deviating: number;
  /** Questions that got no answer, because a part was away. */
  unanswered: number;
  /**
   * Queries that had to start again: two generations were published while their pages were read.
   */
  expired: number;
}

type Asked =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'unanswered'; readonly reason: string }
  | { readonly kind: 'expired' };

interface Page {
  readonly rows: readonly Row[];
  readonly receipt: Receipt;
  readonly cursor: string | null;
}

const PATIENCE_MS = 20_000;
const PAUSE_MS = 200;
/**
 * An acknowledgement may be on its way while what it acknowledges is in an answer already, for as
 * long as the broker hangs.
 */
const LEDGER_PATIENCE_MS = 60_000;
const FAULTS_SHOWN = 5;

/** Asks one view and checks each answer against its stream's ledger. */
export class Reader {
  readonly counts: ReaderCounts = { answers: 0, rows: 0, pages: 0, deviating: 0, unanswered: 0, expired: 0 };
  /** The last checked answer: the number of offsets that it covered, and its generation. */
  lastCovered = 0;
  lastGeneration = 0;
  /** The coverage of the answers so far. Snapshots are separate, since they cover less. */
  private readonly floors: Record<'fresh' | 'snapshot', Covered> = { fresh: {}, snapshot: {} };

  readonly stream: Stream;
  private readonly url: () => string;
  private readonly onViolation: (text: string) => void;

  constructor(stream: Stream, url: () => string, onViolation: (text: string) => void) {
    this.stream = stream;
    this.url = url;
    this.onViolation = onViolation;
  }

  /** Asks, and checks what comes. @returns what the answer covers; null when none came */
  async check(query: Question, pagesMax = Number.POSITIVE_INFINITY, patienceMs = PATIENCE_MS): Promise<Covered | null> {
    const { view, ledger } = this.stream;
    const kind = query.snapshot ? 'snapshot' : 'fresh';
    const floor = this.floors[kind];
    const asked = await this.ask(query, pagesMax, patienceMs);
    if (asked.kind !== 'answered') {
      this.counts[asked.kind] += 1;
      return null;
    }
    const { answer } = asked;
    const { coverage } = answer.receipt;
    const faults = [
      ...(includes(coverage, floor)
        ? []
        : [`the receipt shrank from ${JSON.stringify(floor)} to ${JSON.stringify(coverage)}`]),
      ...((await this.ledgerReaches(answer))
        ? faultsOf(view, ledger, query, answer)
        : [
            `the answer names ${JSON.stringify([...reachOf(answer)])}, and the log ends at ${ledger.next().join(', ')}`,
          ]),
    ];
    this.floors[kind] = union(this.floors[kind], coverage);
    this.lastCovered = sizeOf(coverage);
    this.lastGeneration = answer.receipt.generation;
    this.counts.answers += 1;
    this.counts.rows += answer.rows.length;
    this.counts.deviating += answer.rows.filter(
      ({ ahead, behind }) => ahead !== undefined || behind !== undefined,
    ).length;
    if (faults.length > 0) this.violate(query, faults, answer.receipt);
    return coverage;
  }

  private violate(query: Question, faults: readonly string[], { generation }: Receipt): void {
    const shown = faults.slice(0, FAULTS_SHOWN).join('; ');
    const more = faults.length > FAULTS_SHOWN ? `; and ${faults.length - FAULTS_SHOWN} more` : '';
    const text = `${this.stream.view.name} ${JSON.stringify(query)}, generation ${generation}: ${shown}${more}`;
    this.onViolation(text);
  }

  private async ledgerReaches(answer: Answer): Promise<boolean> {
    const reach = reachOf(answer);
    const reached = (): boolean => {
      const ends = this.stream.ledger.next();
      return [...reach].every(([partition, end]) => end <= (ends[partition] ?? 0));
    };
    for (const giveUpAtMs = Date.now() + LEDGER_PATIENCE_MS; !reached(); await sleep(20))
      if (Date.now() > giveUpAtMs) return false;
    return true;
  }

  /** At most this number of pages, all with one receipt. */
  private async ask(query: Question, pagesMax: number, patienceMs: number): Promise<Asked> {
    const rows: Row[] = [];
    let receipt: Receipt | null = null;
    let cursor: string | null = null;
    for (let pages = 0; pages < pagesMax && (pages === 0 || cursor !== null); pages++) {
      const page: Page | Asked = await this.page(cursor === null ? query : { ...query, cursor }, patienceMs);
      if ('kind' in page) return page;
      this.counts.pages += 1;
      rows.push(...page.rows);
      if (receipt !== null && claimsOf(receipt) !== claimsOf(page.receipt))
        this.violate(query, [`page ${pages + 1} has another receipt than the first`], page.receipt);
      receipt ??= page.receipt;
      cursor = page.cursor;
    }
    return { kind: 'answered', answer: { rows, receipt: receipt as Receipt, isWhole: cursor === null } };
  }

  private async page(body: object, patienceMs: number): Promise<Page | Asked> {
    try {
      const response = await fetch(this.url(), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(patienceMs),
      });
      const text = await response.text();
      if (response.status === 200) return JSON.parse(text) as Page;
      if (response.status === 410) return { kind: 'expired' };
      if (response.status === 400) this.violate(body as Question, [`refused: ${text}`], { generation: -1 } as Receipt);
      return { kind: 'unanswered', reason: `HTTP ${response.status}: ${text.slice(0, 200)}` };
    } catch (error) {
      return { kind: 'unanswered', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Sends random queries until it is aborted. */
  async read(random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { question: query, pagesMax } = randomQuestion(this.stream, random);
      const covered = await this.check(query, pagesMax);
      await sleep(covered === null ? 2 * PAUSE_MS : PAUSE_MS);
    }
  }
}

/** The claims that all pages of one answer share. */
function claimsOf({ generation, run, coverage, gaps, offsets, quarantined }: Receipt): string {
  return JSON.stringify({ generation, run, coverage, gaps, offsets, quarantined });
}

/** A random query: one key, some keys, all keys of a window, a time range, totals, pages. */
function randomQuestion(
  { view, ledger }: Stream,
  random: Random,
): { readonly question: Question; readonly pagesMax: number } {
  const [window, sizeMs] = random.pick(Object.entries(view.windowsMs));
  const groups = ledger.groupNames();
  const key = (): Fields => {
    const values = JSON.parse(random.pick(groups)) as Fields[string][];
    return Object.fromEntries(view.groupBy.map((name, index) => [name, values[index] as Fields[string]]));
  };
  const range = (): { from: string; to: string } => {
    const firstMs = view.events[0]?.atMs ?? 0;
    const lastMs = ledger.lastAtMs() ?? firstMs;
    const fromMs = firstMs + random.next() * (lastMs - firstMs);
    const lengthMs = sizeMs * (1 + random.below(24));
    return {
      from: new Date(Math.floor(fromMs)).toISOString(),
      to: new Date(Math.floor(fromMs + lengthMs)).toISOString(),
    };
  };
  const base = {
    window,
    ...(random.chance(0.2) ? { snapshot: true } : {}),
    ...(random.chance(0.3) ? { parts: true } : {}),
  };
  const whole = { pagesMax: Number.POSITIVE_INFINITY };
  if (groups.length === 0) return { question: { ...base, total: true }, ...whole };
  switch (random.below(8)) {
    case 0:
      return { question: { ...base, keys: [key()] }, ...whole };
    case 1:
      return { question: { ...base, keys: [key()], total: true }, ...whole };
    case 2:
      return { question: { ...base, keys: [key(), key(), key(), key()], ...range() }, ...whole };
    case 3:
      return { question: { ...base, keys: [key(), key()], total: true, ...range() }, ...whole };
    case 4:
      return { question: { ...base, ...range() }, ...whole };
    case 5:
      return { question: { ...base, ...range(), limit: 20 + random.below(200) }, ...whole };
    case 6:
      return { question: { ...base, total: true, limit: 500 + random.below(1_500) }, pagesMax: 1 + random.below(4) };
    default:
      return { question: { ...base, limit: 100 + random.below(1_000) }, pagesMax: 1 + random.below(3) };
  }
}
