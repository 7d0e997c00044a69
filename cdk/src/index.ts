export { DeploymentError } from './errors.ts';
export { consumerGroupId, FUNCTION_ROLES, type FunctionRole, functionName, stackName } from './names.ts';
