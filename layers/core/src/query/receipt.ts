import type { RowPosition } from '../ports/scope.ts';
import type { Value } from '../records/record.ts';
import type { CoverageDelta } from './answer.ts';
import type { Coverage } from './coverage.ts';

/**
 * The query, the offsets of the log that the answer covers, and a digest of both with the rows: all
 * that is needed to reproduce the answer. The pages of one answer differ only in `page` and
 * `digest`.
 */
export interface Receipt {
  readonly pipeline: string;
  readonly version: string;
  readonly topicId: string;
  readonly generation: number;
  /** The published run whose rows were merged; null before the first generation. */
  readonly run: string | null;
  readonly models: ModelVersions | null;
  readonly question: QueryParameters;
  readonly coverage: Coverage;
  /** Offsets below the last covered one of a partition that the answer does not cover. */
  readonly gaps: Coverage;
  /**
   * Per partition: covered offsets below this value come from the batch run, the rest from the
   * speed layer. A partition that is not listed is from the speed layer only.
   */
  readonly batchBelow: Readonly<Record<string, number>>;
  /**
   * Windows that end by this time are final: earlier events are dropped from now on. Null until
   * every covered partition has a watermark; absent where late events are counted.
   */
  readonly finalBefore?: string | null;
  /** Offsets covered by the batch layer, and by the speed layer. */
  readonly offsets: { readonly batch: number; readonly speed: number };
  readonly quarantined: Quarantined;
  readonly page: ReceiptPage;
  /** See `digestOf`. */
  readonly digest: string;
}

/**
 * By score name, the model versions that the covered segments are bound to, in ascending order. The
 * bindings record the version of each segment (rule 13). Null if the pipeline scores nothing.
 */
export type ModelVersions = Readonly<Record<string, readonly string[]>>;

/**
 * The number of quarantined records among the covered offsets, by reason. `behind` lists covered
 * offsets that the counts do not include.
 */
export interface Quarantined {
  readonly reasons: Readonly<Record<string, number>>;
  readonly behind: readonly CoverageDelta[];
}

/** A query in the form of the API parameters, without defaults. The page size is not part of it. */
export interface QueryParameters {
  readonly window: string;
  readonly keys?: readonly Readonly<Record<string, Value>>[];
  /** An ISO 8601 time, or epoch milliseconds if the time has no ISO 8601 form. */
  readonly from?: string | number;
  readonly to?: string | number;
  readonly total?: true;
  readonly snapshot?: true;
  readonly parts?: true;
}

/** The start of a page: a bucket, and the row before the page. */
export interface PageStart {
  readonly bucket: number;
  readonly after: RowPosition | null;
}

/**
 * The rows of the answer that belong to a receipt. For a complete answer, the start is null and
 * `last` is true.
 */
export interface ReceiptPage {
  readonly start: PageStart | null;
  readonly rows: number;
  /**
   * The number of rows whose coverage differs from the receipt's. Each such row states the
   * difference.
   */
  readonly deviating: number;
  /** No row follows. */
  readonly last: boolean;
}
