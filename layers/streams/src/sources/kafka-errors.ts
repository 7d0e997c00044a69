import { StreamError } from '../errors.ts';

export function noTopic(topic: string): StreamError {
  return new StreamError('BIFOLD_NO_TOPIC', {
    failed: `topic "${topic}" cannot be read`,
    received: 'no topic of that name',
    allowed: 'a topic that exists',
    remedy: `correct the name, or create it: npx bifold topic create ${topic}`,
  });
}

export function recreated(topic: string, known: string, found: string): StreamError {
  return new StreamError('BIFOLD_TOPIC_GONE', {
    failed: `topic "${topic}" cannot be read further`,
    received: `topic id ${found}: it was recreated`,
    allowed: `topic id ${known}, whose offsets the checkpoint holds`,
    remedy: 'start over: npx bifold checkpoint reset',
  });
}

export function shorter(topic: string, partition: number, known: number, end: number): StreamError {
  return new StreamError('BIFOLD_LOG_SHORTER', {
    failed: `partition ${partition} of topic "${topic}" cannot be read further`,
    received: `a log that ends at ${end}`,
    allowed: `a log that reaches ${known}, up to where it was read`,
    remedy: 'find out which records were lost (an unclean election?); to start over: npx bifold checkpoint reset',
  });
}

export function gone(topic: string, partition: number, offset: number, logStart: number): StreamError {
  return new StreamError('BIFOLD_RECORDS_GONE', {
    failed: `records ${offset} to ${logStart - 1} of partition ${partition} of topic "${topic}" cannot be read`,
    received: `a log that begins at ${logStart}: retention deleted them`,
    allowed: 'every record since the last batch',
    remedy: 'keep records longer than the stream may be down; to start over: npx bifold checkpoint reset',
  });
}

export function ended(topic: string, partition: number, offset: number, end: number): StreamError {
  return new StreamError('BIFOLD_LOG_SHORTER', {
    failed: `records ${offset} to ${end - 1} of partition ${partition} of topic "${topic}" cannot be read`,
    received: `a log that ends at ${offset}`,
    allowed: 'the records that the batch was planned with',
    remedy: 'find out which records were lost (an unclean election?); to start over: npx bifold checkpoint reset',
  });
}
