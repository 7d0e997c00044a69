import type { Derived, Joined } from '@bifold/core/engine';

/** An intersection, written out. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** The columns of a row itself: those of lookups are read, and not put out. */
export type Own<E, L, D> = E & Derived<D, E & Joined<L>>;
