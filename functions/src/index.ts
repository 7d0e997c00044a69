export type { Answer, AnswerRow } from './query/answer.ts';
