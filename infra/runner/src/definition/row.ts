/** An intersection, written out. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {};
