import type { Batch } from '../ports.ts';

/**
 * A sink, opened. The same batch may come twice, with the same rows: what becomes of it then is
 * said where the sink is.
 */
export interface OpenSink {
  take(batch: Batch): Promise<void>;
  close(): Promise<void>;
}
