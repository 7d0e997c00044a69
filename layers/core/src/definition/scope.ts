import { DefinitionError, type Explanation } from '../errors.ts';
import type { Column, ColumnType } from '../plan/column.ts';

/** The names that a definition may use, and their types. */
export class ColumnScope {
  readonly where: string;
  private readonly types = new Map<string, ColumnType>();
  private readonly taken = new Set<string>();

  constructor(where: string, columns: readonly Column[]) {
    this.where = where;
    for (const column of columns) this.add(column.name, column.type);
  }

  add(name: string, type: ColumnType): void {
    this.claim(name);
    this.types.set(name, type);
  }

  /**
   * Registers a name. Names that differ only in case are refused too, because SQL does not
   * distinguish them.
   */
  claim(name: string): void {
    const folded = name.toLowerCase();
    if (this.taken.has(folded)) {
      refuse('BIFOLD_NAME_TAKEN', {
        failed: `${this.where} uses a name twice`,
        received: `"${name}"`,
        allowed: 'a name that no column, lookup or derived column has, ignoring case',
        remedy: 'rename one of them',
      });
    }
    this.taken.add(folded);
  }

  type(name: string, role: string): ColumnType {
    const type = this.types.get(name);
    if (type) return type;
    return refuse('BIFOLD_UNKNOWN_FIELD', {
      failed: `${this.where} names a field in ${role} that does not exist`,
      received: JSON.stringify(name) ?? String(name),
      allowed: [...this.types.keys()].join(', '),
      remedy: 'correct the name, or add the field to the schema',
    });
  }
}

/** Refuses unknown options, which are usually misspelt. */
export function refuseUnknownOptions(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown !== undefined)
    refuse('BIFOLD_UNKNOWN_OPTION', {
      failed: `${where} has an option that does not exist`,
      received: `"${unknown}"`,
      allowed: known.join(', '),
      remedy: 'remove or rename it',
    });
}

export function refuse(code: string, explanation: Explanation): never {
  throw new DefinitionError(code, explanation);
}

/** The text of a value of a definition, for error messages. */
export function described(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
}
