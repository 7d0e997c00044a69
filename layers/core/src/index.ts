export * from './definition/index.ts';
export * from './errors.ts';
export * from './plan.ts';
export * from './ports.ts';
export type { Value } from './record.ts';
export * from './tables.ts';
