import { Schedule } from 'aws-cdk-lib/aws-events';
import type { Node } from 'constructs';
import { DeploymentError } from '../errors.ts';

const RATE = /^rate\((\d+) (minute|minutes|hour|hours|day|days)\)$/;

/** Context values. They are texts on the command line, and may be of any type in a file. */
export class Context {
  private readonly node: Node;

  constructor(node: Node) {
    this.node = node;
  }

  private value(name: string): unknown {
    const value: unknown = this.node.tryGetContext(name);
    return value === '' || value === null ? undefined : value;
  }

  optionalText(name: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    return refuse(name, value, 'text');
  }

  matching(name: string, pattern: RegExp, allowed: string): string | undefined {
    const value = this.optionalText(name);
    return value === undefined || pattern.test(value) ? value : refuse(name, value, allowed);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.value(name) ?? fallback;
    if (value === true || value === 'true') return true;
    if (value === false || value === 'false') return false;
    return refuse(name, value, 'true, false');
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.value(name) ?? fallback;
    return allowed.find((one) => one === value) ?? refuse(name, value, allowed.join(', '));
  }

  oneNumberOf(name: string, allowed: readonly number[], fallback: number): number {
    const value = Number(this.value(name) ?? fallback);
    return allowed.includes(value) ? value : refuse(name, this.value(name), allowed.join(', '));
  }

  optionalWhole(name: string, least: number, most: number): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    return refuse(name, value, `a whole number from ${least} to ${most}`);
  }

  list(name: string): readonly string[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const parts: unknown[] = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : [value].flat();
    const texts = parts.filter((part): part is string => typeof part === 'string' && part !== '');
    return texts.length === parts.length && texts.length > 0
      ? texts
      : refuse(name, value, 'names separated by commas, or a list of texts');
  }

  map(name: string): Readonly<Record<string, unknown>> {
    const value = this.value(name) ?? {};
    const parsed: unknown = typeof value === 'string' ? parseJson(value) : value;
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
    return refuse(name, value, 'a JSON object');
  }

  optionalSchedule(name: string): Schedule | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const match = typeof value === 'string' ? RATE.exec(value) : null;
    if (match && Number(match[1]) >= 1 && (Number(match[1]) === 1) !== match[2]?.endsWith('s'))
      return Schedule.expression(match[0]);
    return refuse(name, value, 'as EventBridge writes it: rate(1 minute), rate(5 minutes), rate(1 hour), ...');
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function refuse(name: string, value: unknown, allowed: string): never {
  throw new DeploymentError('BIFOLD_BAD_CONTEXT', {
    failed: `context value "${name}" cannot be used`,
    received: JSON.stringify(value) ?? String(value),
    allowed,
    remedy: `correct it in cdk.json, or with -c ${name}=...`,
  });
}
