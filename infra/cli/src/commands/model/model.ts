import type { ModelPointer } from '@bifold/core/engine';
import { Command } from 'commander';
import { withContext } from '../../context.ts';
import { describeVersion, versionIn, versionMeant } from '../../deployment/model-versions.ts';
import { Ended, EXIT } from '../../errors.ts';
import { tableText } from '../../output/table.ts';
import { bold, dim, print, printJson, styled } from '../../output/terminal.ts';
import { measureText } from './measure-text.ts';
import { driftCommand } from './model-drift.ts';
import { challengeCommand, promoteCommand, rollbackCommand } from './model-promotion.ts';

export const modelCommand = (): Command =>
  new Command('model')
    .description('manage versions of models: list, compare, promote, roll back')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(addCommand())
    .addCommand(compareCommand())
    .addCommand(promoteCommand())
    .addCommand(rollbackCommand())
    .addCommand(challengeCommand())
    .addCommand(driftCommand())
    .addHelpText(
      'after',
      `
A version never changes. A pointer names the current version. Each segment of the log is bound to
the version that was current when it was opened, so every score can be reproduced.

Examples:
  $ npx bifold model list
  $ npx bifold model compare arrival-delay
  $ npx bifold model promote arrival-delay 20261122-235959-0a1b2c3d
  $ npx bifold model rollback arrival-delay
  $ npx bifold model drift arrival-delay`,
    );

const listCommand = (): Command =>
  new Command('list')
    .description('list models and their versions')
    .argument('[model]', 'name of one model (default: all)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ npx bifold model list')
    .action((name: string | undefined, { json }: { json?: boolean }) =>
      withContext(async (context) => {
        const registry = await context.models();
        const names = name === undefined ? await registry.names() : [name];
        const models = await Promise.all(
          names.map(async (model) => {
            const [versions, pointer] = await Promise.all([registry.versions(model), registry.readPointer(model)]);
            return { model, ...pointer, versions };
          }),
        );
        if (json) return printJson(models);
        const rows = models.flatMap(({ model, versions, ...pointer }) =>
          versions.map((version, index) => [index === 0 ? model : '', version, roleOf(pointer, version)]),
        );
        if (rows.length === 0) return print('there are no models yet: npx bifold train <model>');
        print(tableText([{ title: 'model' }, { title: 'version' }, { title: '' }], rows));
      }),
    );

function roleOf({ current, previous, challenger }: Omit<ModelPointer, 'generation'>, version: string): string {
  if (version === current) return styled('green', 'current');
  const roles = [...(version === challenger ? ['challenger'] : []), ...(version === previous ? ['previous'] : [])];
  return roles.join(', ');
}

const showCommand = (): Command =>
  new Command('show')
    .description('show the parts and the measures of a version')
    .argument('<model>', 'name of the model')
    .argument('[version]', 'version (default: the current one, or the newest if none is current)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ npx bifold model show arrival-delay')
    .action((name: string, version: string | undefined, { json }: { json?: boolean }) =>
      withContext(async (context) => {
        const registry = await context.models();
        const meant = await versionMeant(registry, name, version);
        const pointer = await registry.readPointer(name);
        const described = await describeVersion(registry, name, meant);
        if (json) return printJson({ ...described, pointer });
        print(`${bold(name)}  ${meant}  ${roleOf(pointer, meant)}`);
        print(`${dim('task')}      ${described.task}, ${described.kind}`);
        print(`${dim('features')}  ${described.features.join(', ')}`);
        for (const [measure, value] of Object.entries(described.measures)) print(`${dim(measure.padEnd(8))}  ${value}`);
        for (const [part, value] of Object.entries(described.manifest))
          print(`${dim(part.padEnd(8))}  ${typeof value === 'string' ? value : JSON.stringify(value)}`);
      }),
    );

const addCommand = (): Command =>
  new Command('add')
    .description('add a version to the registry')
    .argument('<folder>', 'folder of the version, with manifest.json')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
\`bifold train\` does this automatically. Every file must match the manifest. No pipeline scores with
the version before \`model promote\`.

Example:
  $ npx bifold model add .bifold/models/wine/20261122-235959-0a1b2c3d`,
    )
    .action((folder: string, { json }: { json?: boolean }) =>
      withContext(async (context) => {
        const { name, version } = versionIn(folder);
        const added = await (await context.models()).create(name, version, folder);
        if (json) printJson({ model: name, version, added });
        else
          print(`${bold(name)}: ${added ? `${version} is in the registry` : `there is a version ${version} already`}`);
        if (!added) throw new Ended(EXIT.no);
      }),
    );

const compareCommand = (): Command =>
  new Command('compare')
    .description('compare the measures of two versions')
    .argument('<model>', 'name of the model')
    .argument('[version]', 'first version (default: the newest)')
    .argument('[other]', 'second version (default: the current one)')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Each version was measured on the rows that its own training held out. Compare the numbers only if
these rows are comparable.

Example:
  $ npx bifold model compare arrival-delay`,
    )
    .action((name: string, version: string | undefined, other: string | undefined, { json }: { json?: boolean }) =>
      withContext(async (context) => {
        const registry = await context.models();
        const newest = (await registry.versions(name)).at(-1);
        const left = await describeVersion(registry, name, await versionMeant(registry, name, version ?? newest));
        const right = await describeVersion(registry, name, await versionMeant(registry, name, other));
        const measures = [...new Set([...Object.keys(left.measures), ...Object.keys(right.measures)])];
        const sameFeatures = left.featurePlan === right.featurePlan;
        if (json) return printJson({ model: name, versions: [left, right], sameFeatures });
        print(
          tableText(
            [
              { title: '' },
              { title: left.version, align: 'right' },
              { title: right.version, align: 'right' },
              { title: 'difference', align: 'right' },
            ],
            [
              ['model', left.kind, right.kind, ''],
              [
                'features',
                String(left.features.length),
                String(right.features.length),
                sameFeatures ? 'the same' : 'other',
              ],
              ...measures.map((measure) => {
                const [first, second] = [left.measures[measure], right.measures[measure]];
                const difference = first === undefined || second === undefined ? '' : measureText(first - second);
                return [measure, measureText(first), measureText(second), difference];
              }),
            ],
          ),
        );
      }),
    );
