import type { Derived, Joined } from '@bifold/core/engine';

/** Flattens an intersection type, for readable type errors. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** The columns of an output row. Columns of lookups can be read, but are not part of the output. */
export type Own<E, L, D> = E & Derived<D, E & Joined<L>>;
