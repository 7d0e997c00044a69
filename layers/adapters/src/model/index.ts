export { type ModelPointers, modelRegistry } from './registry.ts';
