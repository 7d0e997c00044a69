import { DefinitionError, type Explanation } from '@bifold/core/engine';

export function refuse(code: string, failed: string, rest: Omit<Explanation, 'failed'>): never {
  throw new DefinitionError(code, { failed, ...rest });
}
