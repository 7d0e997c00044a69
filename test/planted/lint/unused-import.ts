import { count } from '@bifold/core';

export const planted = 1;
