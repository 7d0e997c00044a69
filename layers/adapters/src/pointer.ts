import { type Pointer, ProtocolError } from '@bifold/core';

/** Generation numbers grow by one, also for a rollback (rule 8): a reader counts how far the pointer moved under it. */
export function checkSuccessor(expected: Pointer, next: Pointer): void {
  if (next.generation === expected.generation + 1 && next.current !== null) return;
  throw new ProtocolError('BIFOLD_POINTER_JUMP', {
    failed: 'publishing a generation',
    received: `generation ${next.generation} after ${expected.generation}${next.current === null ? ', naming no run' : ''}`,
    allowed: 'the next generation number, naming a run',
    remedy: 'read the pointer and build its successor',
  });
}
