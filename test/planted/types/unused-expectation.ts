// @ts-expect-error nothing is wrong here: a type test that no longer refuses anything must fail
export const planted: number = 1;
