import type { Source } from '../kafka/source.ts';
import type { Log } from '../log.ts';
import type { KafkaMapping } from '../mapping.ts';
import type { MappingState } from '../state.ts';

/** The state that the parts of one poller share. */
export interface Session {
  readonly mapping: KafkaMapping;
  readonly state: MappingState;
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** The connection to the group; null between two of them. */
  source: Source | null;
  /**
   * Counts assignments. Work that began in an earlier one neither commits nor is tried again: its
   * records may belong to another member.
   */
  assignment: number;
}
