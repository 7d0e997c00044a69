import { canonicalJson, type Pointer, ProtocolError, type PublishedRun } from '@bifold/core/engine';

/**
 * Checks that a generation grows by exactly one, even for a rollback (rule 8), because readers
 * count how far the pointer moved.
 */
export function checkSuccessor(expected: Pointer, next: Pointer): void {
  if (next.generation === expected.generation + 1 && next.current !== null) return;
  throw new ProtocolError('BIFOLD_POINTER_JUMP', {
    failed: 'publishing a generation',
    received: `generation ${next.generation} after ${expected.generation}${next.current === null ? ', naming no run' : ''}`,
    allowed: 'the next generation number, naming a run',
    remedy: 'read the pointer and build its successor',
  });
}

/**
 * Whether two pointers are equal. A database that was emptied counts from 1 again, so the
 * generation alone does not identify a pointer.
 */
export function isSamePointer(left: Pointer, right: Pointer): boolean {
  return left.generation === right.generation && pointerText(left) === pointerText(right);
}

/** The runs of a pointer, as text. The generation is stored in another column. */
export function pointerText({ current, previous }: Pointer): string {
  return canonicalJson({ current, previous });
}

/** @throws {ProtocolError} for a text that `pointerText` did not write */
export function readPointerText(generation: number, text: string): Pointer {
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw notAPointer(text, cause);
  }
  const { current, previous } = (state ?? {}) as { current?: unknown; previous?: unknown };
  if (!isRunOrNull(current) || !isRunOrNull(previous)) throw notAPointer(text);
  return { generation, current, previous };
}

function isRunOrNull(value: unknown): value is PublishedRun | null {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  const { run, runGeneration, cuts, lost, publishedAtMs } = value as Record<string, unknown>;
  const isRange = (range: unknown) => Array.isArray(range) && range.length === 2 && range.every(Number.isSafeInteger);
  return (
    typeof run === 'string' &&
    Number.isSafeInteger(runGeneration) &&
    Number.isSafeInteger(publishedAtMs) &&
    isRecordOf(cuts, Number.isSafeInteger) &&
    isRecordOf(lost, (ranges) => Array.isArray(ranges) && ranges.every(isRange))
  );
}

function isRecordOf(value: unknown, isValid: (entry: unknown) => boolean): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isValid);
}

function notAPointer(received: unknown, cause?: unknown): ProtocolError {
  return new ProtocolError(
    'BIFOLD_POINTER_UNREADABLE',
    {
      failed: 'reading which runs are published',
      received: String(received).slice(0, 200),
      allowed: 'the state of a pointer: current and previous run with their cuts',
      remedy: 'use the version of the code that wrote it',
    },
    { cause },
  );
}
