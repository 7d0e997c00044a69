import type { ServiceStatus } from '@bifold/cloud';
import type { Context } from '../context.ts';
import { readDeployments } from '../deployment/deployments.ts';
import { inspectPipeline, type PipelineReport } from './pipeline-report.ts';
import { triggerState } from './trigger-state.ts';

/**
 * The state of the cloud. A value that could not be read is null, and `unknown` gives the reason: a
 * report never fails because a service is unavailable.
 */
export interface Report {
  readonly services: readonly ServiceStatus[];
  readonly pipelines: readonly PipelineReport[];
}

export async function reportOn(context: Context): Promise<Report> {
  const services = await context.cloud.status();
  const isUp = (name: string) => services.some((service) => service.name === name && service.state === 'up');
  const trigger = isUp('trigger') ? await triggerState(context).catch(() => null) : null;
  const definitions = await context.pipelines();
  const pipelines = await Promise.all(
    readDeployments(context.paths).map((record) =>
      inspectPipeline({
        context,
        record,
        plan: definitions.find(({ plan }) => plan.name === record.pipeline)?.plan ?? null,
        trigger,
        isUp,
      }),
    ),
  );
  return { services, pipelines };
}
