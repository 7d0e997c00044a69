import type { Expression } from '@bifold/core';

/** The types of derived columns. */
export type Derived<D> = { [K in keyof D]: D[K] extends Expression<infer V> ? V : never };

/** An intersection, written out. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {};
