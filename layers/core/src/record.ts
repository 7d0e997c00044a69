/** A value of a column: text, finite number (integers and timestamps too; never -0), boolean or null. */
export type Value = string | number | boolean | null;
