/** What the query function answers with. */
export type { Answer, AnswerRow } from '@bifold/core';
export type { ArchivedPartition } from './archive/archive.ts';
/** What the scheduled functions return. */
export type { Recomputed } from './recompute/recompute.ts';
