import { describe, expect, it } from '@jest/globals';
import { UsageError } from './errors.ts';
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
    ['compacts', { 'cleanup.policy': 'compact' }, ['cleanup.policy=compact', 'cleanup.policy=delete']],
    ['compacts, too', { 'cleanup.policy': 'compact,delete' }, ['cleanup.policy=compact,delete']],
    ['may lose what was read', { 'unclean.leader.election.enable': 'true' }, ['unclean.leader.election.enable=true']],
    [
      'takes more than an event can carry',
      { 'max.message.bytes': String(MESSAGE_BYTES_MAX + 1) },
      ['max.message.bytes=4194305', 'max.message.bytes of 4194304 at most'],
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

  it('takes more than its relay has room for', () =>
    expect(refused({ 'max.message.bytes': '1001' }, 1000)).toContain('max.message.bytes of 1000 at most'));
});

describe('what an event of Lambda can carry', () => {
  it('is a record of the largest size, as base64 in its envelope', () => {
    const record = { topic: 'x'.repeat(249), value: Buffer.alloc(MESSAGE_BYTES_MAX).toString('base64') };
    expect(JSON.stringify({ records: { [`${record.topic}-0`]: [record] } }).length).toBeLessThan(6 * 1024 * 1024);
  });
});
