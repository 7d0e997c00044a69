/**
 * The only limits of tests. A condition ends every wait, and a machine under load reaches it later.
 * So these limits say that something hangs, never that it is slow.
 */
export const PATIENCE_MS = 10 * 60_000;
/** A test may wait for several conditions in a row. */
export const TEST_WITHIN_MS = 3 * PATIENCE_MS;
