/** Writes docs/permissions.md from a synthesized template: `npm run permissions -w cdk`, then read what changed before committing it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipelines } from '@bifold/pipelines';
import { rightsOf, tableOf } from './permissions-document.ts';
import { EXAMPLE_NETWORK, synthesize } from './synthesis.fixture.ts';

const file = join(import.meta.dirname, '..', '..', 'docs', 'permissions.md');
const { stacks, templates } = synthesize({ context: EXAMPLE_NETWORK, pipelines });
// One that scores: it has the most rights.
const index = stacks.findIndex(({ plan }) => plan.models !== undefined);
const stack = stacks[index];
const template = templates[index];
if (stack && template) {
  const [before = ''] = readFileSync(file, 'utf8').split('| function |');
  writeFileSync(file, `${before}${tableOf(rightsOf(template, stack.plan))}\n`);
}
