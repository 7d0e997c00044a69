/**
 * The rows of a result that a batch emits: `append` those that can no longer change, `update` those
 * that changed, `complete` all of them. Rows without aggregates are only ever appended.
 *
 * @example
 * const outputMode: OutputMode = 'update';
 */
export type OutputMode = 'append' | 'update' | 'complete';
