import type { Plan, PlanStore, Scope } from '@bifold/core/engine';
import type { QueryPorts } from './ports.ts';
import type { ViewPorts } from './view.ts';

/**
 * The versions that one process answers from. The plan and the ports of a version are cached, since
 * a version is the hash of its plan.
 */
export function rememberedVersions(
  deployed: Plan,
  plans: PlanStore,
  portsOf: (plan: Plan, scope: Scope) => QueryPorts,
): Pick<ViewPorts, 'plans' | 'portsOf'> {
  const known = new Map([[deployed.version, deployed]]);
  const opened = new Map<string, QueryPorts>();
  return {
    plans: {
      async read(version) {
        const plan = known.get(version) ?? (await plans.read(version));
        if (plan !== null) known.set(version, plan);
        return plan;
      },
      write: (plan) => plans.write(plan),
    },
    portsOf(plan, scope) {
      const ports = opened.get(scope.version) ?? portsOf(plan, scope);
      opened.set(scope.version, ports);
      return ports;
    },
  };
}
