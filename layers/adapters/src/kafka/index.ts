export { type KafkaAdmin, kafkaAdmin, type TopicDescription } from './admin.ts';
export type { KafkaOptions } from './cluster.ts';
export { type KafkaLogOptions, kafkaLog } from './log.ts';
