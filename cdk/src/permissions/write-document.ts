/**
 * Writes docs/permissions.md from a synthesized template: `npm run permissions -w cdk`, then read
 * what changed before committing it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { models, pipelines } from '@bifold/pipelines';
import { EXAMPLE_NETWORK, synthesize } from '../app/synthesis.fixture.ts';
import { byFunction, rightsOf, tableOf } from './document.ts';

const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'permissions.md');
const { stacks, templates } = synthesize({ context: { ...EXAMPLE_NETWORK, training: 'zip' }, pipelines });
// Pipelines that score have more rights than others. Those with a relay have another function, and
// so have those whose models are trained.
const rights = templates.flatMap((template, index) => {
  const stack = stacks[index];
  return stack === undefined ? [] : rightsOf(template, stack.plan, models);
});
const lines = [...new Set(tableOf(rights.toSorted(byFunction)).split('\n'))];
const [before = ''] = readFileSync(file, 'utf8').split('| function |');
writeFileSync(file, `${before}${lines.join('\n')}\n`);
