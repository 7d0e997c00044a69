/** What the query function answers with. */
export type { Answer, AnswerRow } from '@bifold/core';
