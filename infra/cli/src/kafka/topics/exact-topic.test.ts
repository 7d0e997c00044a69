import { describe, expect, it } from '@jest/globals';
import { UsageError } from '../../errors.ts';
import { MESSAGE_BYTES_MAX, refuseInexact } from './exact-topic.ts';

const refused = (config: Readonly<Record<string, string>>, messageBytesMax?: number): string | null => {
  try {
    refuseInexact('pipeline "rides" cannot read topic "rides" exactly', config, 'change it', messageBytesMax);
    return null;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return error.message;
  }
};

describe('a topic that is folded exactly', () => {
  it.each([
    ['says nothing', {}],
    ['deletes', { 'cleanup.policy': 'delete', 'unclean.leader.election.enable': 'false' }],
    ['takes what an event can carry', { 'max.message.bytes': String(MESSAGE_BYTES_MAX) }],
  ])('%s', (_, config) => expect(refused(config)).toBeNull());
});

describe('a topic that is refused', () => {
  it.each([
    [
      'compacts',
      { 'cleanup.policy': 'compact' },
      ['cleanup.policy=compact', 'cleanup.policy=delete, since the log would change'],
    ],
    ['compacts, too', { 'cleanup.policy': 'compact,delete' }, ['cleanup.policy=compact,delete']],
    ['may lose what was read', { 'unclean.leader.election.enable': 'true' }, ['unclean.leader.election.enable=true']],
    [
      'takes more than an event can carry',
      { 'max.message.bytes': String(MESSAGE_BYTES_MAX + 1) },
      ['max.message.bytes=4194305', 'max.message.bytes of 4194304 at most, since no event of Lambda carries more'],
    ],
    [
      'does all of it',
      { 'cleanup.policy': 'compact', 'max.message.bytes': '10000000' },
      ['cleanup.policy=compact, max.message.bytes=10000000'],
    ],
  ])('%s', (_, config, told) => {
    const message = refused(config);
    for (const text of told) expect(message).toContain(text);
    expect(message).toContain('change it');
  });

  it('takes more than it may by another measure', () =>
    expect(refused({ 'max.message.bytes': '1001' }, 1000)).toContain('max.message.bytes of 1000 at most'));
});

describe('what an event of Lambda can carry', () => {
  const HEADERS_BYTES = 190_000;

  it('is a record of the largest size, with the headers that may be among it, in its envelope', () => {
    const record = {
      topic: 'x'.repeat(249),
      partition: 99_999,
      offset: Number.MAX_SAFE_INTEGER,
      timestamp: 1_545_084_650_987,
      timestampType: 'LOG_APPEND_TIME',
      value: Buffer.alloc(MESSAGE_BYTES_MAX - HEADERS_BYTES).toString('base64'),
      headers: [{ h: new Array(HEADERS_BYTES).fill(-128) }],
    };
    const event = { eventSource: 'SelfManagedKafka', records: { [`${record.topic}-99999`]: [record] } };
    expect(JSON.stringify(event).length).toBeLessThan(6 * 1024 * 1024);
  });
});
