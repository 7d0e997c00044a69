import type { AggregatePlan } from '../plan.ts';
import type { Algebra } from './algebra.ts';
import { count } from './count.ts';
import { max, min } from './extremes.ts';
import { doubleMean, integerMean } from './mean.ts';
import { doubleSum, integerSum } from './sum.ts';

/** States of different kinds side by side: each is only ever handed to the algebra that made it. */
export type AnyAlgebra = Algebra<unknown, number | null>;

/** The one table from kind (and domain) to algebra. */
export function algebraOf({ kind, domain }: Pick<AggregatePlan, 'kind' | 'domain'>): AnyAlgebra {
  switch (kind) {
    case 'count':
      return count as AnyAlgebra;
    case 'sum':
      return (domain === 'integer' ? integerSum : doubleSum) as AnyAlgebra;
    case 'min':
      return min as AnyAlgebra;
    case 'max':
      return max as AnyAlgebra;
    case 'mean':
      return (domain === 'integer' ? integerMean : doubleMean) as AnyAlgebra;
  }
}
