import fc from 'fast-check';

/**
 * What the tests import from 'fast-check' while they judge mutants: every property in few runs, the
 * same ones each time, and no smaller counterexample.
 */
const RUNS = 50;

fc.configureGlobal({ seed: 1, numRuns: RUNS, endOnFailure: true });

const assert: typeof fc.assert = (property, options) =>
  fc.assert(property as never, { ...options, numRuns: Math.min(options?.numRuns ?? RUNS, RUNS) } as never);

export default { ...fc, assert };
