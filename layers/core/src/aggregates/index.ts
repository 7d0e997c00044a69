import type { AggregatePlan } from '../plan.ts';
import type { Algebra } from './algebra.ts';
import { count } from './count.ts';
import { distinct } from './distinct.ts';
import { max, min } from './extremes.ts';
import { doubleMean, integerMean } from './mean.ts';
import { stddev, variance } from './moments.ts';
import { quantile } from './quantile.ts';
import { doubleSum, integerSum } from './sum.ts';
import { all, any } from './truth.ts';

/** States of different kinds side by side: each is only ever handed to the algebra that made it. */
export type AnyAlgebra = Algebra<unknown, Result, unknown>;

/** What an aggregate shows. */
export type Result = number | boolean | null;

/** The one table from kind (and domain) to algebra. */
export function algebraOf({
  kind,
  domain,
  parameter,
}: Pick<AggregatePlan, 'kind' | 'domain' | 'parameter'>): AnyAlgebra {
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
    case 'variance':
      return variance as AnyAlgebra;
    case 'stddev':
      return stddev as AnyAlgebra;
    case 'quantile':
      return quantile(parameter as number) as AnyAlgebra;
    case 'distinct':
      return distinct as AnyAlgebra;
    case 'any':
      return any as AnyAlgebra;
    case 'all':
      return all as AnyAlgebra;
  }
}
