import type { MappingState, TriggerState } from '@bifold/trigger';
import type { Context } from '../context.ts';
import type { DeploymentRecord } from '../deployment/deployments.ts';

/** @throws when the trigger does not answer */
export async function triggerState({ triggerPort }: Context): Promise<TriggerState> {
  const response = await fetch(`http://127.0.0.1:${triggerPort}/state`, { signal: AbortSignal.timeout(3_000) });
  return (await response.json()) as TriggerState;
}

/** The mapping that invokes a deployment's speed function; null where there is none. */
export function mappingOf(trigger: TriggerState, { functions }: DeploymentRecord): MappingState | null {
  return mappingsTo(trigger, functions.speed)[0] ?? null;
}

/** The mappings of a deployment's relay: one for each topic that it reads. */
export function relayMappingsOf(trigger: TriggerState, { functions }: DeploymentRecord): readonly MappingState[] {
  return mappingsTo(trigger, functions.relay);
}

function mappingsTo({ mappings }: TriggerState, functionName: string | undefined): readonly MappingState[] {
  if (functionName === undefined) return [];
  return mappings.filter(({ functionArn }) => functionArn.split(':')[6] === functionName);
}
