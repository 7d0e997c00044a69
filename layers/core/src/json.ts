/** A value that is there: text, number or boolean. */
export type Scalar = string | number | boolean;

/** Any JSON value. */
export type Json = Scalar | null | readonly Json[] | { readonly [name: string]: Json };
