/**
 * The rows of a result that a batch emits: `append` those that can no longer change, `update` those
 * that changed, `complete` all of them. Rows without an aggregation are only ever appended.
 */
export type OutputMode = 'append' | 'update' | 'complete';
