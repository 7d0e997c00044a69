import { BifoldError } from '@bifold/core';

/**
 * A stack that cannot be synthesized or deployed as requested. If synthesis throws it, nothing was
 * changed in the account.
 */
export class DeploymentError extends BifoldError {}
