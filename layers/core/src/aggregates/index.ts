import type { AggregateDomain, AggregatePlan } from '../plan/aggregate.ts';
import type { Algebra } from './algebra.ts';
import { all, any } from './any-all.ts';
import { collect } from './collect.ts';
import { count } from './count.ts';
import { customAlgebra } from './custom.ts';
import { first, last, maxBy, minBy } from './first-last.ts';
import { histogram } from './histogram.ts';
import { max, min } from './min-max.ts';
import { correlation, covariance } from './numeric/covariance.ts';
import { decimalMax, decimalMean, decimalMin, decimalSum } from './numeric/decimals.ts';
import { doubleMean, integerMean } from './numeric/mean.ts';
import { doubleSum, integerSum } from './numeric/sum.ts';
import { stddev, variance } from './numeric/variance.ts';
import type { Result } from './result.ts';
import { distinct } from './sketches/distinct.ts';
import { quantile } from './sketches/quantile.ts';
import { topK } from './top-k.ts';

/** States of different kinds side by side: each is only ever handed to the algebra that made it. */
export type AnyAlgebra = Algebra<unknown, Result, unknown>;

/** How a state is added to by its only owner. */
export function adderOf(algebra: AnyAlgebra): AnyAlgebra['add'] {
  return algebra.addOwned ?? algebra.add;
}

/** The one table from kind (and domain) to algebra. */
export function algebraOf({
  kind,
  domain,
  secondDomain = 'double',
  parameter,
  own,
}: Pick<AggregatePlan, 'kind' | 'domain' | 'secondDomain' | 'parameter' | 'own'>): AnyAlgebra {
  switch (kind) {
    case 'count':
      return count as AnyAlgebra;
    case 'sum':
      return sumOf(domain);
    case 'min':
      return (domain === 'decimal' ? decimalMin : min) as AnyAlgebra;
    case 'max':
      return (domain === 'decimal' ? decimalMax : max) as AnyAlgebra;
    case 'mean':
      return meanOf(domain);
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
    case 'covariance':
      return covariance as AnyAlgebra;
    case 'correlation':
      return correlation as AnyAlgebra;
    case 'first':
      return first(domain) as AnyAlgebra;
    case 'last':
      return last(domain) as AnyAlgebra;
    case 'minBy':
      return minBy(domain, secondDomain) as AnyAlgebra;
    case 'maxBy':
      return maxBy(domain, secondDomain) as AnyAlgebra;
    case 'topK':
      return topK(parameter as number, domain) as AnyAlgebra;
    case 'histogram':
      return histogram(parameter as readonly number[]) as AnyAlgebra;
    case 'collect':
      return collect(parameter as number, domain) as AnyAlgebra;
    case 'own':
      return customAlgebra(own) as AnyAlgebra;
  }
}

function sumOf(domain: AggregateDomain): AnyAlgebra {
  return (domain === 'decimal' ? decimalSum : domain === 'integer' ? integerSum : doubleSum) as AnyAlgebra;
}

function meanOf(domain: AggregateDomain): AnyAlgebra {
  return (domain === 'decimal' ? decimalMean : domain === 'integer' ? integerMean : doubleMean) as AnyAlgebra;
}
