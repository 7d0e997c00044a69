import { UsageError } from '../../errors.ts';

/**
 * The largest batch that a topic may accept, in bytes. One record of it must fit into a Lambda
 * event of 6 MiB. Base64 turns 4 MiB into 5.6 of the 6.3 million bytes. The rest has room for some
 * 190 KB of headers, whose bytes an event writes as numbers.
 */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Refuses a topic whose log could not be folded exactly (rule 16). The log must be immutable, and a
 * skip inside a batch must be a hole. Settings that are not listed have safe defaults.
 */
export function refuseInexact(
  failed: string,
  config: Readonly<Record<string, string>>,
  remedy: string,
  messageBytesMax = MESSAGE_BYTES_MAX,
): void {
  const changes = 'the log would change after it was read';
  const settings = [
    {
      name: 'cleanup.policy',
      allowed: '=delete',
      why: changes,
      isExact: (value: string) => !value.includes('compact'),
    },
    {
      name: 'unclean.leader.election.enable',
      allowed: '=false',
      why: changes,
      isExact: (value: string) => value === 'false',
    },
    {
      name: 'max.message.bytes',
      allowed: ` of ${messageBytesMax} at most`,
      why: 'no event of Lambda carries more',
      isExact: (value: string) => Number(value) <= messageBytesMax,
    },
  ];
  const inexact = settings.filter(({ name, isExact }) => config[name] !== undefined && !isExact(config[name]));
  if (inexact.length === 0) return;
  throw new UsageError('BIFOLD_TOPIC_INEXACT', {
    failed,
    received: inexact.map(({ name }) => `${name}=${config[name]}`).join(', '),
    allowed: inexact.map(({ name, allowed, why }) => `${name}${allowed}, since ${why}`).join('; '),
    remedy,
  });
}
