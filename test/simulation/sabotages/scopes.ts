import type { Sabotage } from './sabotage.ts';

/** Rule 3: every key carries the version and the topic id. */
export const SCOPE_SABOTAGES: readonly Sabotage[] = [
  {
    name: 'no-version-in-key',
    rule: 3,
    breaks: 'two definitions write the same rows',
    scope: ({ topicId }) => ({ version: 'trips', topicId }),
  },
  {
    name: 'no-topic-id-in-key',
    rule: 3,
    breaks: 'a recreated topic writes the rows of the one before it',
    scope: ({ version }) => ({ version, topicId: 'topic' }),
  },
  {
    name: 'topic-id-not-verified',
    rule: 3,
    breaks: 'records of a recreated topic are taken for those of the bound one',
    log: (log, _, scope) => ({
      ...log,
      topicId: async () => ((await log.topicId()) === null ? null : scope.topicId),
    }),
  },
  {
    name: 'group-of-the-old-version',
    rule: 3,
    breaks: 'a new version goes on from the offsets that the old one committed',
    sharedGroup: true,
  },
];
