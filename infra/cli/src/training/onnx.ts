import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CloudPaths, cleanEnvironment, type OnProgress } from '@bifold/cloud';
import type { ModelRegistry } from '@bifold/core/engine';
import type { OnnxJudgement } from '@bifold/functions/training';
import { MANIFEST_FILE, readManifest } from '@bifold/models/engine';
import { run } from '../cloud/pip.ts';
import { CliError, messageOf } from '../errors.ts';
import { ensureTrainingPython, trainingProgram } from './python.ts';

/** The check of ONNX Runtime's scores, or the reason why the file cannot be run. */
export type OnnxCheck = OnnxJudgement | { readonly failed: string };

/** Scores the golden rows with the ONNX file of a version; null for versions without one. */
export type CheckOnnx = (registry: ModelRegistry, name: string, version: string) => Promise<OnnxCheck | null>;

const JUDGED_FILES = ['model.json', 'golden.json', 'model.onnx'];

/** Runs the pinned ONNX Runtime, installed with training's libraries on its first use. */
export function onnxRuntimeOf(paths: CloudPaths, onProgress: OnProgress): CheckOnnx {
  return async (registry, name, version) => {
    const manifest = await registry.read(name, version, MANIFEST_FILE, Number.MAX_SAFE_INTEGER);
    if (manifest === null || !('model.onnx' in readManifest(manifest, name, version).files)) return null;
    const folder = mkdtempSync(join(tmpdir(), 'bifold-onnx-'));
    try {
      for (const file of JUDGED_FILES) {
        const bytes = await registry.read(name, version, file, Number.MAX_SAFE_INTEGER);
        if (bytes !== null) writeFileSync(join(folder, file), bytes);
      }
      const { python, libraries } = await ensureTrainingPython(paths, onProgress);
      const { stdout } = await run(python, ['-s', trainingProgram('check_onnx.py'), folder], {
        env: cleanEnvironment({ PYTHONPATH: libraries, PYTHONDONTWRITEBYTECODE: '1' }),
      });
      return JSON.parse(stdout) as OnnxCheck;
    } catch (cause) {
      throw cause instanceof SyntaxError || (cause as { stderr?: unknown }).stderr !== undefined
        ? notJudged(name, version, cause)
        : cause;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

function notJudged(name: string, version: string, cause: unknown): CliError {
  const { stderr } = cause as { stderr?: string };
  return new CliError(
    'BIFOLD_ONNX_NOT_JUDGED',
    {
      failed: `the ONNX file of version "${version}" of model "${name}" was not judged`,
      received: stderr?.trim().split('\n').slice(-3).join('\n') || messageOf(cause),
      allowed: 'golden vectors and a model as training writes them',
      remedy: `train it again: npx bifold train ${name}`,
    },
    { cause },
  );
}
