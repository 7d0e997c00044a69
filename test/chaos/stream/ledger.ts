import type { StreamedEvent } from './views.ts';

/** The position of a record in the log, as the broker acknowledged it. */
export interface Logged {
  readonly partition: number;
  readonly offset: number;
  readonly event: StreamedEvent;
}

/**
 * All that one topic holds: every record that was acknowledged, where the broker said that it wrote
 * it.
 */
export class Ledger {
  private readonly partitions: Logged[][];
  /** Per partition, the offset behind all that is known of the log, holes included. */
  private readonly known: number[];
  private readonly groups = new Map<string, Logged[]>();
  private readonly quarantined: Logged[] = [];

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => []);
    this.known = this.partitions.map(() => 0);
  }

  /** Offsets below this one that no record has are holes: transactions ended there. */
  passHoles(partition: number, end: number): void {
    this.known[partition] = Math.max(this.known[partition] ?? 0, end);
  }

  /**
   * @throws if the broker wrote them anywhere but after the known records: then records were lost,
   *   written twice, or belong to another producer
   */
  append(partition: number, baseOffset: number, events: readonly StreamedEvent[]): void {
    const log = this.partitions[partition] as Logged[];
    const known = this.known[partition] as number;
    if (baseOffset !== known)
      throw new Error(
        `partition ${partition}: the broker wrote ${events.length} records from offset ${baseOffset} on, behind ${known} acknowledged ones`,
      );
    this.known[partition] = known + events.length;
    for (const [index, event] of events.entries()) {
      const logged: Logged = { partition, offset: known + index, event };
      log.push(logged);
      if (event.poison !== null) {
        this.quarantined.push(logged);
        continue;
      }
      const group = this.groups.get(event.group);
      if (group === undefined) this.groups.set(event.group, [logged]);
      else group.push(logged);
    }
  }

  /** Per partition, the offset behind the last record: no answer need cover a hole behind it. */
  ends(): readonly number[] {
    return this.partitions.map((log) => (log.at(-1)?.offset ?? -1) + 1);
  }

  /** Per partition, the offset that the next record gets. */
  next(): readonly number[] {
    return this.known;
  }

  size(): number {
    return this.partitions.reduce((sum, log) => sum + log.length, 0);
  }

  groupNames(): readonly string[] {
    return [...this.groups.keys()];
  }

  ofGroup(group: string): readonly Logged[] {
    return this.groups.get(group) ?? [];
  }

  poison(): readonly Logged[] {
    return this.quarantined;
  }

  /** The time of the record that was acknowledged last, for queries of recent times. */
  lastAtMs(): number | null {
    const last = this.partitions.map((log) => log.at(-1)).filter((logged) => logged !== undefined);
    return last.length === 0 ? null : Math.max(...last.map(({ event }) => event.atMs));
  }
}
