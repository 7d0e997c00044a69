import { BifoldError } from '@bifold/core';
import type { ModelPointer, ModelRegistry } from '@bifold/core/engine';
import { goldenText, onnxText } from '@bifold/functions/training';
import { challenged, promoted, rolledBack } from '@bifold/models/engine';
import { Command } from 'commander';
import { type Context, withContext } from '../../context.ts';
import { checkGate, checkVersion, type Gate, gateOf, versionMeant, worse } from '../../deployment/model-versions.ts';
import { CliError, UsageError } from '../../errors.ts';
import { bold, dim, plural, print, printJson, styled } from '../../output/terminal.ts';
import { type OnnxCheck, onnxRuntimeOf } from '../../training/onnx.ts';
import { measureText } from './measure-text.ts';

interface Promoting {
  readonly evenIfWorse?: boolean;
  readonly json?: boolean;
}

export const promoteCommand = (): Command =>
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

export const rollbackCommand = (): Command =>
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

export const challengeCommand = (): Command =>
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
