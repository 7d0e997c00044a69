export { DeploymentError } from '../errors.ts';
export { consumerGroupId, FUNCTION_ROLES, type FunctionRole, functionName, relayGroupId, stackName } from '../names.ts';
export {
  type Deployment,
  type DeploymentOptions,
  type DeployOptions,
  deployPipeline,
  destroyPipeline,
} from './deployment.ts';
