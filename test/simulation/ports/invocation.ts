import type { Actor } from '../world/scheduler.ts';
import { call } from './calls.ts';
import type { Stage } from './stage.ts';

/**
 * A function that is invoked for later: Lambda takes the event, whether its sender is told so or
 * not, and may hand it over twice.
 */
export async function invocation(stage: Stage, actor: Actor, invoke: () => void): Promise<void> {
  await call(stage, actor, 'invoke the speed function', async () => invoke(), true);
}
