import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import type { Stage } from './stage.ts';

/**
 * An asynchronous invocation: Lambda accepts the event, with or without an acknowledgement, and may
 * deliver it twice.
 */
export async function invocation(stage: Stage, actor: Actor, invoke: () => void): Promise<void> {
  await call(stage, actor, 'invoke the speed function', async () => invoke(), true);
}
