import { BifoldError } from '@bifold/core';

/**
 * What cannot be synthesized or deployed as it was asked; nothing was changed in the account when
 * synthesis throws it.
 */
export class DeploymentError extends BifoldError {}
