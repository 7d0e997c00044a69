/**
 * The four parts of every error message: what failed, what was received, what is allowed, and the
 * fix.
 */
export interface Explanation {
  readonly failed: string;
  readonly received: string;
  readonly allowed: string;
  readonly remedy: string;
}

/**
 * The base of all errors of Bifold. Its message has four parts, and its `code` is stable.
 * @example
 * try {
 *   tumbling('1 hour' as Duration);
 * } catch (error) {
 *   if (error instanceof BifoldError) console.error(error.code, error.explanation.remedy);
 * }
 */
export class BifoldError extends Error {
  /** The code to search for, such as `BIFOLD_BAD_DURATION`. */
  readonly code: string;
  /** The failure, the received value, the allowed values, and the fix. */
  readonly explanation: Explanation;

  constructor(code: string, explanation: Explanation, options?: { readonly cause?: unknown }) {
    super(
      `${explanation.failed}: got ${explanation.received}; expected: ${explanation.allowed}; fix: ${explanation.remedy} [${code}]`,
      options,
    );
    this.name = new.target.name;
    this.code = code;
    this.explanation = explanation;
  }
}

/** An invalid definition. It is thrown when the definition loads, before anything is deployed. */
export class DefinitionError extends BifoldError {}

/** Stored bytes that this version of the code cannot read. */
export class CodecError extends BifoldError {}

/**
 * The protocol cannot continue safely now. A retry or an operator must fix it. No wrong data was
 * written.
 */
export class ProtocolError extends BifoldError {}

/**
 * The database has lost data of a view. An answer would look complete, but be smaller than an
 * earlier one.
 */
export class ViewLostError extends ProtocolError {}

/** An invalid query. */
export class QueryError extends BifoldError {}

/** A version of a model that cannot be scored: damaged, too large, or not made for the pipeline. */
export class ModelError extends BifoldError {}
