import { ALIAS_SABOTAGES } from './aliases.ts';
import { ARCHIVE_SABOTAGES } from './archive.ts';
import { CACHE_SABOTAGES } from './caches.ts';
import { FRAGMENT_SABOTAGES } from './fragments.ts';
import { OPERATOR_SABOTAGES } from './operators.ts';
import { PROGRESS_SABOTAGES } from './progress.ts';
import { PUBLICATION_SABOTAGES } from './publication.ts';
import { RECORD_SABOTAGES } from './records.ts';
import type { Sabotage } from './sabotage.ts';
import { SCOPE_SABOTAGES } from './scopes.ts';
import { VALUE_SABOTAGES } from './values.ts';
import { WATERMARK_SABOTAGES } from './watermarks.ts';

/**
 * One way to break each rule that the code has, by the numbers of the rules. The simulation must
 * find every one: a rule whose sabotage it does not find is not guarded.
 */
export const SABOTAGES: readonly Sabotage[] = [
  ...FRAGMENT_SABOTAGES,
  ...SCOPE_SABOTAGES,
  ...ALIAS_SABOTAGES,
  ...CACHE_SABOTAGES,
  ...PROGRESS_SABOTAGES,
  ...WATERMARK_SABOTAGES,
  ...ARCHIVE_SABOTAGES,
  ...PUBLICATION_SABOTAGES,
  ...OPERATOR_SABOTAGES,
  ...VALUE_SABOTAGES,
  ...RECORD_SABOTAGES,
];
