export { range } from './range.ts';
