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
  /** The connection to the group. Null between two connections. */
  source: Source | null;
  /**
   * Counts assignments. Work of an earlier assignment is neither committed nor repeated, because
   * its records may belong to another member.
   */
  assignment: number;
}
