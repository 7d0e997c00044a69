export { Argument } from 'commander';
export { tell } from '../output/terminal.ts';
export { option, type Program, readChoice, refusedValue, runProgram } from './program.ts';
export { choice, decimalNumber, list, repeated, text, wholeNumber } from './values.ts';
