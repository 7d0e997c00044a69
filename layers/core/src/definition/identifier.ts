import { DefinitionError } from '../errors.ts';

/**
 * Names become SQL identifiers, table keys and object paths, so they are allow-listed rather than
 * quoted. A leading underscore is kept for the platform's own columns.
 */
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
/**
 * Pipelines, topics and lookup tables also become names of resources, where dashes and dots are
 * usual.
 */
const RESOURCE_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;

export function checkIdentifier(role: string, name: unknown): string {
  return checkName(role, name, IDENTIFIER, 'a letter, then letters, digits and underscores, at most 63 in all');
}

export function checkResourceName(role: string, name: unknown): string {
  const allowed = 'a letter, then letters, digits, underscores, dots and dashes, at most 63 in all';
  return checkName(role, name, RESOURCE_NAME, allowed);
}

function checkName(role: string, name: unknown, pattern: RegExp, allowed: string): string {
  if (typeof name === 'string' && pattern.test(name)) return name;
  throw new DefinitionError('BIFOLD_BAD_NAME', {
    failed: `${role} has a name that cannot be used`,
    received: JSON.stringify(name) ?? String(name),
    allowed,
    remedy: 'rename it',
  });
}
