import type { ModelPointer } from '@bifold/core/engine';
import { ModelError } from '@bifold/core/engine';

export const NOTHING_PROMOTED: ModelPointer = Object.freeze({
  generation: 0,
  current: null,
  previous: null,
  challenger: null,
});

/**
 * The pointer with another current version. If the challenger is promoted, there is no challenger
 * any more.
 */
export function promoted(pointer: ModelPointer, version: string): ModelPointer {
  const { generation, current, previous, challenger } = pointer;
  return {
    generation: generation + 1,
    current: version,
    previous: current === version ? previous : current,
    challenger: challenger === version ? null : challenger,
  };
}

/** The pointer with another challenger. Null removes the challenger. */
export function challenged(pointer: ModelPointer, version: string | null): ModelPointer {
  return { ...pointer, generation: pointer.generation + 1, challenger: version };
}

/**
 * The pointer with the current and the previous version exchanged.
 *
 * @throws {ModelError} if there is no previous version
 */
export function rolledBack(name: string, pointer: ModelPointer): ModelPointer {
  const { generation, current, previous } = pointer;
  if (previous === null)
    throw new ModelError('BIFOLD_MODEL_NO_PREVIOUS', {
      failed: `model "${name}" cannot be rolled back`,
      received:
        current === null ? 'a model of which nothing was promoted' : `"${current}", the first that was promoted`,
      allowed: 'a model of which two versions were promoted',
      remedy: `promote the version that you want: npx bifold model promote ${name} <version>`,
    });
  return { ...pointer, generation: generation + 1, current: previous, previous: current };
}

/**
 * Reads a stored pointer.
 *
 * @throws {ModelError} if the text is not a pointer
 */
export function readPointerState(name: string, generation: number, state: string): ModelPointer {
  let parsed: Record<string, unknown> | null = null;
  try {
    parsed = JSON.parse(state);
  } catch {
    // Refused below, like every other text that is not a pointer.
  }
  const isVersion = (value: unknown): value is string | null => value === null || typeof value === 'string';
  const { current, previous, challenger } = parsed ?? {};
  if (isVersion(current) && isVersion(previous) && isVersion(challenger))
    return { generation, current, previous, challenger };
  throw new ModelError('BIFOLD_MODEL_POINTER_UNREADABLE', {
    failed: `which version of model "${name}" is used cannot be read`,
    received: state.slice(0, 200),
    allowed: 'the current, the previous and the challenging version',
    remedy: 'use the version of the code that wrote it',
  });
}
