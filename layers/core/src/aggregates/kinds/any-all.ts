import type { Algebra } from '../algebra.ts';
import type { AggregateDescriptor } from '../descriptor.ts';

/** The set of values seen, as two bits. */
type Seen = 0 | 1 | 2 | 3;
const FALSE = 1;
const TRUE = 2;

function truth(present: (state: Seen) => boolean | null): Algebra<Seen, boolean | null, boolean> {
  const lift = (value: boolean): Seen => (value ? TRUE : FALSE);
  const merge = (left: Seen, right: Seen): Seen => (left | right) as Seen;
  return {
    empty: 0,
    lift,
    add: (state, value) => merge(state, lift(value)),
    merge,
    present: (state) => (state === 0 ? null : present(state)),
    encode: (state, writer) => writer.byte(state),
    decode: (reader) => reader.byte() as Seen,
  };
}

const anyTrue = truth((state) => (state & TRUE) !== 0);
const neverFalse = truth((state) => (state & FALSE) === 0);

/** Whether it was true at least once; null over no values. */
export const any: AggregateDescriptor<'any'> = {
  kind: 'any',
  input: 'booleans',
  output: () => 'boolean',
  algebra: () => anyTrue,
};

/** Whether it was never false; null over no values. */
export const all: AggregateDescriptor<'all'> = {
  kind: 'all',
  input: 'booleans',
  output: () => 'boolean',
  algebra: () => neverFalse,
};
