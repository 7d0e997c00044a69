export { type KafkaAdmin, kafkaAdmin, type TopicDescription } from './admin.ts';
export type { KafkaConnection, KafkaOptions } from './cluster.ts';
export { type GroupMember, type GroupState, type GroupSummary, type KafkaGroups, kafkaGroups } from './groups.ts';
export { type KafkaLogOptions, kafkaLog } from './log.ts';
export { type KafkaLogWriterOptions, kafkaLogWriter } from './log-writer.ts';
export { KafkaRefusal } from './refusal.ts';
export {
  type ConfigSource,
  type KafkaTopics,
  kafkaTopics,
  type NewTopic,
  type OffsetMark,
  type TopicConfig,
  type TopicPartition,
  type TopicState,
  type TopicSummary,
} from './topics.ts';
