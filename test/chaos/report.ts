import type { ReaderCounts } from './judge/reader.ts';

/** One fault, and what came of it. */
export interface FaultRecord {
  readonly kind: string;
  readonly hit: boolean;
  readonly what: string;
  /** The duration of the fault. */
  readonly struckMs: number;
  /**
   * The time from its end until the answers of every view covered all records that were
   * acknowledged by then. Null if they never did.
   */
  readonly healedMs: number | null;
}

export interface Verified {
  readonly pipeline: string;
  readonly equal: boolean;
  readonly records: number;
  readonly rows: number;
  readonly differences: readonly unknown[];
}

export interface StreamReport {
  readonly view: string;
  readonly sent: number;
  readonly poison: number;
  readonly inDoubt: number;
  /** The coverage of the receipt at the end, and the rows that were compared then. */
  readonly covered: number;
  readonly rows: number;
  readonly generations: number;
}

export interface ChaosReport {
  readonly seed: number;
  readonly minutes: number;
  readonly passed: boolean;
  readonly faults: readonly FaultRecord[];
  readonly streams: readonly StreamReport[];
  readonly answers: ReaderCounts;
  readonly jobs: Readonly<Record<string, { readonly succeeded: number; readonly failed: number }>>;
  readonly verified: readonly Verified[];
  readonly trigger: { readonly invocations: number; readonly failures: number; readonly recordsRedelivered: number };
  /** Everything that should not have been, in sentences. */
  readonly violations: readonly string[];
}

/** All of them are also printed when they are found. */
const VIOLATIONS_SHOWN = 10;

const number = (value: number): string => value.toLocaleString('en-US');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export function reportText(report: ChaosReport): string {
  const { faults, streams, answers, verified, trigger, violations } = report;
  const hits = faults.filter(({ hit }) => hit);
  const kinds = new Set(hits.map(({ kind }) => kind));
  const sent = streams.reduce((sum, stream) => sum + stream.sent, 0);
  const equal = verified.filter((one) => one.equal).length;
  return [
    faultTable(faults),
    '',
    `faults      ${number(hits.length)} of ${kinds.size} kinds hit, ${number(faults.length - hits.length)} missed, ${number(faults.filter(({ healedMs }) => healedMs === null).length)} did not heal`,
    `events      ${number(sent)} acknowledged: ${streams.map((one) => `${one.view} ${number(one.sent)} (${number(one.poison)} of them poison)`).join(', ')}; ${number(streams.reduce((sum, one) => sum + one.inDoubt, 0))} requests in doubt`,
    `delivered   in ${number(trigger.invocations)} invocations, ${number(trigger.failures)} failed; ${number(trigger.recordsRedelivered)} records again after a failure`,
    `answers     ${number(answers.answers)} checked with ${number(answers.rows)} rows (${number(answers.deviating)} ahead or behind) on ${number(answers.pages)} pages; ${number(answers.unanswered)} questions unanswered, ${number(answers.expired)} begun anew`,
    `jobs        ${Object.entries(report.jobs)
      .map(([job, { succeeded, failed }]) => `${job} ${number(succeeded)} (${number(failed)} failed)`)
      .join(', ')}`,
    `verify      ${number(equal)} of ${number(verified.length)} equal`,
    ...streams.map(
      (one) =>
        `at the end  ${one.view}: ${number(one.covered)} of ${number(one.sent)} acknowledged events covered, ${number(one.rows)} rows compared, generation ${number(one.generations)}`,
    ),
    '',
    ...violations.slice(0, VIOLATIONS_SHOWN).map((violation) => `WRONG       ${violation}`),
    ...(violations.length > VIOLATIONS_SHOWN
      ? [`            and ${number(violations.length - VIOLATIONS_SHOWN)} more: --json prints all`]
      : []),
    report.passed
      ? `passed      every answer equal to the plain fold, nothing lost, nothing double  (seed ${report.seed})`
      : `FAILED      npm run chaos -- --seed ${report.seed} --minutes ${report.minutes}`,
  ].join('\n');
}

function faultTable(faults: readonly FaultRecord[]): string {
  const rows = [...Map.groupBy(faults, ({ kind }) => kind)]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([kind, records]) => {
      const healed = records.flatMap(({ healedMs }) => (healedMs === null ? [] : [healedMs])).sort((a, b) => a - b);
      const hits = records.filter(({ hit }) => hit).length;
      return [
        kind,
        String(hits),
        String(records.length - hits),
        healed.length === 0 ? '-' : seconds(healed[Math.floor((healed.length - 1) / 2)] as number),
        healed.length === 0 ? '-' : seconds(healed.at(-1) as number),
      ];
    });
  const lines = [['fault', 'hit', 'missed', 'healed after', 'at most'], ...rows];
  const widths = (lines[0] as string[]).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
