import { BifoldError } from '@bifold/core';
import type { ModelPointer, ModelRegistry } from '@bifold/core/engine';
import { goldenText, onnxText } from '@bifold/functions/training';
import { challenged, promoted, rolledBack } from '@bifold/models/engine';
import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import {
  checkGate,
  checkVersion,
  describeVersion,
  type Gate,
  gateOf,
  type ModelVersion,
  versionIn,
  versionMeant,
  worse,
} from '../../deployment/model-versions.ts';
import { CliError, Ended, EXIT, UsageError } from '../../errors.ts';
import { tableText } from '../../output/table.ts';
import { bold, dim, plural, print, printJson, styled } from '../../output/terminal.ts';
import { type OnnxCheck, onnxRuntimeOf } from '../../training/onnx.ts';
import { driftCommand } from './model-drift.ts';

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
        const shown = await describeVersion(registry, name, meant);
        if (json) return printJson({ ...shown, pointer });
        print(`${bold(name)}  ${meant}  ${roleOf(pointer, meant)}`);
        print(`${dim('task')}      ${shown.task}, ${shown.kind}`);
        print(`${dim('features')}  ${shown.features.join(', ')}`);
        for (const [measure, value] of Object.entries(shown.measures)) print(`${dim(measure.padEnd(8))}  ${value}`);
        for (const [part, value] of Object.entries(shown.manifest))
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
        const [one, two] = await Promise.all(
          [await versionMeant(registry, name, version ?? newest), await versionMeant(registry, name, other)].map(
            (each) => describeVersion(registry, name, each),
          ),
        );
        const [left, right] = [one as ModelVersion, two as ModelVersion];
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
                const [own, before] = [left.measures[measure], right.measures[measure]];
                const difference = own === undefined || before === undefined ? '' : measureText(own - before);
                return [measure, measureText(own), measureText(before), difference];
              }),
            ],
          ),
        );
      }),
    );

function measureText(value: number | undefined): string {
  return value === undefined ? '' : value.toPrecision(6);
}

interface Promoting {
  readonly evenIfWorse?: boolean;
  readonly json?: boolean;
}

const promoteCommand = (): Command =>
  new Command('promote')
    .description('make a version the current one')
    .argument('<model>', 'name of the model')
    .argument('[version]', 'version (default: the newest)')
    .option('--even-if-worse', 'promote a version that measured worse than the current one')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Before the promotion, the version is tested on its golden vectors: rows that scikit-learn scored
after training.
  - Bifold must give the same scores: trees to the last bit, linear models within 1e-12.
  - ONNX Runtime must give the same scores within the bounds of docs/models.md. The first use
    installs ONNX Runtime with the training libraries.
  - The version must not measure worse than the current one. --even-if-worse overrides only this.
Exits with 1 if the version was not promoted. Running functions use it from the next segment on.

Examples:
  $ npx bifold model promote arrival-delay
  $ npx bifold model promote arrival-delay 20261122-235959-0a1b2c3d --even-if-worse`,
    )
    .action((name: string, version: string | undefined, { evenIfWorse, json }: Promoting) =>
      withContext(async (context) => {
        const registry = await context.models();
        const meant = await versionMeant(registry, name, version ?? (await registry.versions(name)).at(-1));
        const pointer = await registry.readPointer(name);
        const gate = await gateOf(registry, name, meant, pointer, onnxRuntimeOf(context.paths, context.onProgress));
        const refusal = refusalOf(() => {
          checkGate(name, meant, gate);
          if (gate.measure?.isWorse === true && !evenIfWorse) throw worse(name, meant, gate);
        });
        const isRefused = refusal !== null;
        const moved = isRefused || pointer.current === meant ? pointer : promoted(pointer, meant);
        if (moved !== pointer) await move(registry, name, pointer, moved);
        if (json) printJson({ model: name, version: meant, promoted: !isRefused, gate, pointer: moved });
        else {
          for (const line of gateLines(gate)) print(line);
          if (!isRefused) print(`${bold(name)}: ${meant} is the current version${was(pointer, meant)}`);
        }
        if (refusal !== null) throw refusal;
      }),
    );

/** The error that a check throws, so that the measures can be printed first. */
function refusalOf(check: () => void): BifoldError | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof BifoldError) return error;
    throw error;
  }
}

function was({ current }: ModelPointer, version: string): string {
  if (current === null) return ', the first';
  return current === version ? ' already' : `, before it was ${current}`;
}

function gateLines({ golden, onnx, measure }: Gate): readonly string[] {
  const equal = `${plural(golden.rows, 'row')} scored as in training`;
  return [
    `${dim('golden')}  ${golden.different === 0 ? styled('green', equal) : styled('red', goldenText(golden))}`,
    ...(onnx === null ? [] : [`${dim('onnx  ')}  ${onnxLine(onnx)}`]),
    ...(measure === null
      ? []
      : [
          `${dim(measure.name.padEnd(6))}  ${measureText(measure.own)}, the current version ${measureText(measure.current)}`,
        ]),
  ];
}

function onnxLine(onnx: OnnxCheck): string {
  if ('failed' in onnx) return styled('red', `ONNX Runtime cannot run it: ${onnx.failed}`);
  if (onnx.different > 0) return styled('red', onnxText(onnx));
  return styled('green', `${plural(onnx.rows, 'row')} within the bounds of 32-bit floats`);
}

const rollbackCommand = (): Command =>
  new Command('rollback')
    .description('return to the previous current version')
    .argument('<model>', 'name of the model')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nA second rollback undoes the first one.\n\nExample:\n  $ npx bifold model rollback arrival-delay',
    )
    .action((name: string, { json }: { json?: boolean }) =>
      withContext(async (context) => {
        const registry = await context.models();
        const pointer = await registry.readPointer(name);
        const back = rolledBack(name, pointer);
        await move(registry, name, pointer, back);
        if (json) printJson({ model: name, pointer: back });
        else print(`${bold(name)}: ${back.current} is the current version again, before it was ${back.previous}`);
      }),
    );

const challengeCommand = (): Command =>
  new Command('challenge')
    .description('set the challenger: a version that scores beside the current one')
    .argument('<model>', 'name of the model')
    .argument('[version]', 'version to use as challenger')
    .option('--none', 'remove the challenger')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Columns that a pipeline defines by model('...', { shadow: true }) hold the scores of the challenger.
So you can compare both versions with the outcome.

Examples:
  $ npx bifold model challenge arrival-delay 20261122-235959-0a1b2c3d
  $ npx bifold model challenge arrival-delay --none`,
    )
    .action((name: string, version: string | undefined, { none, json }: { none?: boolean; json?: boolean }) =>
      withContext(async (context) => challenge(context, name, version, none === true, json === true)),
    );

async function challenge(
  context: Context,
  name: string,
  version: string | undefined,
  none: boolean,
  json: boolean,
): Promise<void> {
  if ((version === undefined) !== none)
    throw new UsageError('BIFOLD_BAD_USAGE', {
      failed: 'the command was not understood',
      received: version === undefined ? 'no version' : 'a version and --none',
      allowed: 'a version, or --none',
      remedy: 'npx bifold model challenge --help',
    });
  const registry = await context.models();
  if (version !== undefined) {
    await checkVersion(registry, name, version);
    const checkOnnx = onnxRuntimeOf(context.paths, context.onProgress);
    const alone = { ...(await registry.readPointer(name)), current: null };
    checkGate(name, version, await gateOf(registry, name, version, alone, checkOnnx));
  }
  const pointer = await registry.readPointer(name);
  const next = challenged(pointer, version ?? null);
  await move(registry, name, pointer, next);
  if (json) printJson({ model: name, pointer: next });
  else print(`${bold(name)}: ${version === undefined ? 'no version scores' : `${version} scores`} in shadow`);
}

async function move(registry: ModelRegistry, name: string, before: ModelPointer, next: ModelPointer): Promise<void> {
  if (await registry.movePointer(name, before, next)) return;
  throw new CliError('BIFOLD_MODEL_MOVED', {
    failed: `the pointer of model "${name}" was not moved`,
    received: 'somebody else moved it meanwhile',
    allowed: `the pointer as it was read, generation ${before.generation}`,
    remedy: `look at it and decide again: npx bifold model list ${name}`,
  });
}
