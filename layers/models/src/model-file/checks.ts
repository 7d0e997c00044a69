import type { ModelError, Scalar } from '@bifold/core/engine';

/** A JSON object of a file, before its fields are checked. */
export type Checked = Readonly<Record<string, unknown>>;

/** Reads the parts of an untrusted file. An error names the place in the file. */
export class Checks {
  readonly refuse: (place: string, received: string, allowed: string) => ModelError;

  constructor(refuse: Checks['refuse']) {
    this.refuse = refuse;
  }

  /** Parses a JSON file. */
  json(place: string, bytes: Uint8Array): unknown {
    try {
      return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    } catch {
      throw this.refuse(place, 'no JSON', 'what training writes');
    }
  }

  object(place: string, value: unknown): Checked {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Checked;
    throw this.refuse(place, shown(value), 'an object');
  }

  list(place: string, value: unknown, least: number, most: number): readonly unknown[] {
    const allowed = least === most ? `a list of ${least}` : `a list of ${least} to ${most}`;
    if (!Array.isArray(value)) throw this.refuse(place, shown(value), allowed);
    if (value.length < least || value.length > most) throw this.refuse(place, `a list of ${value.length}`, allowed);
    return value;
  }

  oneOf<const T extends string>(place: string, value: unknown, allowed: readonly T[]): T {
    const found = allowed.find((one) => one === value);
    if (found !== undefined) return found;
    throw this.refuse(place, shown(value), allowed.map((one) => `"${one}"`).join(', '));
  }

  text(place: string, value: unknown, longest: number): string {
    if (typeof value === 'string' && value.length <= longest && value.isWellFormed()) return value;
    throw this.refuse(place, shown(value), `a well-formed text of at most ${longest} characters`);
  }

  finite(place: string, value: unknown): number {
    if (Number.isFinite(value)) return value as number;
    throw this.refuse(place, shown(value), 'a finite number');
  }

  finites(place: string, value: unknown, count: number): readonly number[] {
    const list = this.list(place, value, count, count);
    for (let index = 0; index < count; index++)
      if (!Number.isFinite(list[index])) throw this.refuse(`${place}[${index}]`, shown(list[index]), 'a finite number');
    return list as readonly number[];
  }

  /** A text or a whole number. */
  label(place: string, value: unknown, longest: number): string | number {
    if (Number.isSafeInteger(value)) return (value as number) + 0;
    return this.text(place, value, longest);
  }

  scalar(place: string, value: unknown, longest: number): Scalar {
    if (typeof value === 'boolean') return value;
    if (Number.isFinite(value)) return (value as number) + 0;
    return this.text(place, value, longest);
  }

  isIndex(value: unknown, from: number, to: number): boolean {
    return Number.isSafeInteger(value) && (value as number) >= from && (value as number) < to;
  }
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
