import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type CloudPaths, cleanEnvironment, ensureSoftware, type OnProgress } from '@bifold/cloud';
import { ensureFolder } from '../cloud/artifact-cache.ts';
import { installing, pipInstall } from '../cloud/pip.ts';
import { CheckFailed, CliError } from '../errors.ts';
import { step } from '../output/terminal.ts';

const sources = fileURLToPath(new URL('../../../../functions/src/train/', import.meta.url));
const INSTALL_WITHIN_MS = 900_000;

/** A program of the learner. */
export const trainingProgram = (name: string): string => join(sources, 'learner', name);

/** The training libraries, and the Python that runs them. */
export interface TrainingPython {
  readonly python: string;
  readonly libraries: string;
}

/**
 * Installs scikit-learn and its dependencies: 430 MB that only training needs. Each file is checked
 * against a committed hash. The folder is named by a digest of the lock file.
 */
export async function ensureTrainingPython(paths: CloudPaths, onProgress: OnProgress): Promise<TrainingPython> {
  const requirements = join(sources, 'packaging', 'requirements.txt');
  const { python } = await ensureSoftware(paths, onProgress);
  const refusal = {
    code: 'BIFOLD_TRAINING_INSTALL_FAILED',
    failed: "training's libraries cannot be installed",
    allowed: 'a reachable registry for Python packages, and room for 400 MB',
  };
  const libraries = await ensureFolder(paths, 'training', [requirements], (draft) =>
    step(onProgress, 'training libraries: scikit-learn, skl2onnx, DuckDB (once)', () =>
      installing(refusal, () =>
        pipInstall(python, ['--only-binary', ':all:', '--target', draft, '-r', requirements], {
          withinMs: INSTALL_WITHIN_MS,
        }),
      ),
    ),
  );
  return { python, libraries };
}

/** The progress of training. */
export type TrainingEvent =
  | { readonly kind: 'step'; readonly text: string }
  | {
      readonly kind: 'grid';
      readonly done: number;
      readonly of: number;
      readonly metric: string;
      readonly settings: Readonly<Record<string, number>>;
      readonly mean: number;
      readonly deviation: number;
    }
  | { readonly kind: 'done'; readonly ms: number };

interface Refused {
  readonly kind: 'refused';
  readonly code: string;
  readonly failed: string;
  readonly received: string;
  readonly allowed: string;
  readonly remedy: string;
}

/**
 * Runs the learner on a request. If it fails, the existing model stays.
 *
 * @throws {CheckFailed} when no model can be learned, or its ONNX file is wrong
 */
export async function runTraining(
  paths: CloudPaths,
  onProgress: OnProgress,
  requestFile: string,
  onEvent: (event: TrainingEvent) => void,
): Promise<void> {
  const { python, libraries } = await ensureTrainingPython(paths, onProgress);
  const child = spawn(python, ['-s', trainingProgram('train.py'), requestFile], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: cleanEnvironment({ PYTHONPATH: libraries, PYTHONDONTWRITEBYTECODE: '1', PYTHONHASHSEED: '0' }),
  });
  const stderr: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(signal === null ? (status ?? 1) : 1));
  });
  let refused: Refused | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as TrainingEvent | Refused;
    if (event.kind === 'refused') refused = event;
    else onEvent(event);
  }
  const status = await ended;
  if (refused !== null) {
    const { code, failed, received, allowed, remedy } = refused as Refused;
    throw new CheckFailed(code, { failed, received, allowed, remedy });
  }
  if (status === 0) return;
  throw new CliError('BIFOLD_TRAINING_FAILED', {
    failed: 'training ended without a model',
    received: Buffer.concat(stderr).toString().trim().split('\n').slice(-6).join('\n') || `status ${status}`,
    allowed: 'a run that ends well',
    remedy: 'the lines above name the cause; with too little memory, learn from fewer rows or smaller trees',
  });
}
