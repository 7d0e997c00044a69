import type { Plan } from '../plan/plan.ts';

/**
 * The plans of all deployed versions. With its stored plan, an older version can still answer after
 * a newer one is deployed.
 */
export interface PlanStore {
  /**
   * Null when the version was never deployed. @throws when what is stored is not the plan of that
   * version
   */
  read(version: string): Promise<Plan | null>;
  /** Idempotent: a version is the hash of its plan. */
  write(plan: Plan): Promise<void>;
}
