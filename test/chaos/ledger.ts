import type { StreamedEvent } from './views.ts';

/** Where a record stands in the log, as the broker acknowledged it. */
export interface Logged {
  readonly partition: number;
  readonly offset: number;
  readonly event: StreamedEvent;
}

/** All that one topic holds: every record that was acknowledged, where the broker said that it wrote it. */
export class Ledger {
  private readonly partitions: Logged[][];
  private readonly groups = new Map<string, Logged[]>();
  private readonly quarantined: Logged[] = [];

  constructor(partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => []);
  }

  /** @throws when the broker wrote them anywhere but behind what is known: then records were lost, written twice, or are somebody else's */
  append(partition: number, baseOffset: number, events: readonly StreamedEvent[]): void {
    const log = this.partitions[partition] as Logged[];
    if (baseOffset !== log.length)
      throw new Error(
        `partition ${partition}: the broker wrote ${events.length} records from offset ${baseOffset} on, behind ${log.length} acknowledged ones`,
      );
    for (const event of events) {
      const logged: Logged = { partition, offset: log.length, event };
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

  /** Per partition, the offset that the next record gets. */
  ends(): readonly number[] {
    return this.partitions.map((log) => log.length);
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

  /** Of the record that was acknowledged last, to ask about times that are of interest. */
  lastAtMs(): number | null {
    const last = this.partitions.map((log) => log.at(-1)).filter((logged) => logged !== undefined);
    return last.length === 0 ? null : Math.max(...last.map(({ event }) => event.atMs));
  }
}
