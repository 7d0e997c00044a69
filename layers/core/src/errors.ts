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

/**
 * A definition that cannot mean anything exact; thrown when it loads, before anything is deployed.
 */
export class DefinitionError extends BifoldError {}

/** Stored bytes that this version of the code cannot read: never guessed at. */
export class CodecError extends BifoldError {}

/**
 * The protocol cannot go on safely now; a retry, or the operator, cures it. Nothing was written
 * that is not true.
 */
export class ProtocolError extends BifoldError {}

/**
 * The database has lost data of a view: an answer would look complete and be smaller than one that
 * was given before.
 */
export class ViewLostError extends ProtocolError {}

/** A question that the view cannot answer as it was put. */
export class QueryError extends BifoldError {}

/** A version of a model that cannot be scored: damaged, too large, or not made for the pipeline. */
export class ModelError extends BifoldError {}
