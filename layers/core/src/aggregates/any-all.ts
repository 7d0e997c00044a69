import type { Algebra } from './algebra.ts';

/** Which of the two values was seen. */
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

/** Whether it was true at least once; null of nothing. */
export const any = truth((state) => (state & TRUE) !== 0);

/** Whether it was never false; null of nothing. */
export const all = truth((state) => (state & FALSE) === 0);
