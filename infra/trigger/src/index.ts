export type { FailureKind, Invoke, InvokeResult } from './invoke.ts';
export { jsonLog, type Log, type LogLevel } from './log.ts';
export { type KafkaMapping, type Mapping, parseMapping, type RefusedMapping } from './mapping.ts';
export type { MappingState, MappingStatus, PartitionState, TriggerState } from './state.ts';
export { startTrigger, type Trigger, type TriggerOptions } from './trigger.ts';
