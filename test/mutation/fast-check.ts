import fc from 'fast-check';

/**
 * The tests import this as 'fast-check' while they judge mutants: every property has few runs, the
 * same ones each time, and is not shrunk.
 */
const RUNS = 50;

fc.configureGlobal({ seed: 1, numRuns: RUNS, endOnFailure: true });

const assert: typeof fc.assert = (property, options) =>
  fc.assert(property as never, { ...options, numRuns: Math.min(options?.numRuns ?? RUNS, RUNS) } as never);

export default { ...fc, assert };
