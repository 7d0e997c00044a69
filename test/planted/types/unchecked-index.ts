export const planted: number = [1, 2, 3][5];
