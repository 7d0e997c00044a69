/** The four parts of every message of this package. */
interface Account {
  readonly failed: string;
  readonly received: string;
  readonly allowed: string;
  readonly remedy: string;
}

/** The one error class of the trigger. `code` is stable and searchable. */
export class TriggerError extends Error {
  override readonly name = 'TriggerError';
  readonly code: string;

  constructor(code: string, account: Account, options?: ErrorOptions) {
    super(
      `${account.failed}; received: ${account.received}; allowed: ${account.allowed}; to do: ${account.remedy} [${code}]`,
      options,
    );
    this.code = code;
  }
}

/**
 * The message of any error: `AggregateError`s of the network layer have an empty one of their own.
 */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, code, name } = error as Partial<NodeJS.ErrnoException>;
  return message || code || name || String(error);
}
