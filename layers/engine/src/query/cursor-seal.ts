import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Answer, type Clock, type CursorKeys, QueryError } from '@bifold/core/engine';

/**
 * Clients receive cursors and send them back. A cursor carries counts of its first page that cannot
 * be read again. So it is sealed, and a changed cursor is refused.
 */
export interface CursorSeal {
  seal(cursor: string): Promise<string>;
  /** @throws {QueryError} if the cursor was not sealed with a known key, or the key has expired */
  open(sealed: unknown): Promise<string>;
}

export interface CursorSealPorts {
  readonly keys: CursorKeys;
  readonly clock: Clock;
  readonly newKey: () => Uint8Array;
}

/** The period in which a key seals cursors. It opens them for one more period. */
const PERIOD_MS = 30 * 24 * 60 * 60 * 1000;
/** The time for which a key is cached. It is short, because an emptied database gets new keys. */
const REMEMBERED_MS = 60_000;
/**
 * A read snapshot of 20,000 open segments, the most that a cursor may name, and the longest key.
 */
const SEALED_LENGTH_MAX = 768 * 1024;
const SEALED = /^(\d{1,6})\.([\w-]+)\.([\w-]{43})$/;

export function cursorSeal({ keys, clock, newKey }: CursorSealPorts): CursorSeal {
  const remembered = new Map<number, { readonly key: Uint8Array; readonly untilMs: number }>();
  const currentPeriod = (): number => Math.floor(clock() / PERIOD_MS);

  const keyOf = async (period: number, isMade: boolean): Promise<Uint8Array | null> => {
    const known = remembered.get(period);
    if (known !== undefined && clock() < known.untilMs) return known.key;
    const stored = await keys.read(period);
    const key = stored === null && isMade ? await keys.create(period, newKey()) : stored;
    remembered.clear();
    if (key !== null) remembered.set(period, { key, untilMs: clock() + REMEMBERED_MS });
    return key;
  };

  return {
    async seal(cursor) {
      const period = currentPeriod();
      const key = (await keyOf(period, true)) as Uint8Array;
      return `${period}.${cursor}.${macOf(key, period, cursor).toString('base64url')}`;
    },

    async open(sealed) {
      const text = typeof sealed === 'string' && sealed.length <= SEALED_LENGTH_MAX ? sealed : '';
      const [, name, cursor, mac] = SEALED.exec(text) ?? [];
      if (name === undefined || cursor === undefined || mac === undefined) throw badCursor(sealed);
      const period = Number(name);
      // The clock of another function may already be in the next period.
      const age = currentPeriod() - period;
      if (age < -1) throw badCursor(sealed);
      const key = age > 1 ? null : await keyOf(period, false);
      if (key === null) throw oldCursor();
      if (!timingSafeEqual(macOf(key, period, cursor), Buffer.from(mac, 'base64url'))) throw badCursor(sealed);
      return cursor;
    },
  };
}

/** Opens the cursor of the query, and seals the cursor of the answer. */
export async function withSealedCursors(
  seal: () => Promise<CursorSeal>,
  parameters: Readonly<Record<string, unknown>>,
  answer: (parameters: Readonly<Record<string, unknown>>) => Promise<Answer>,
): Promise<Answer> {
  const { cursor: sealed } = parameters;
  const opened = sealed === undefined ? parameters : { ...parameters, cursor: await (await seal()).open(sealed) };
  const given = await answer(opened);
  return given.cursor === null ? given : { ...given, cursor: await (await seal()).seal(given.cursor) };
}

function macOf(key: Uint8Array, period: number, cursor: string): Buffer {
  return createHmac('sha256', key).update(`bifold cursor 1\n${period}\n${cursor}`).digest();
}

function badCursor(received: unknown): QueryError {
  return new QueryError('BIFOLD_BAD_CURSOR', {
    failed: 'a cursor is not one of this API',
    received: typeof received === 'string' ? `"${received.slice(0, 40)}"` : `a value of type ${typeof received}`,
    allowed: 'the cursor of the page before, unchanged',
    remedy: 'ask again from the first page',
  });
}

function oldCursor(): QueryError {
  return new QueryError('BIFOLD_CURSOR_EXPIRED', {
    failed: 'a page cannot be read: the key of its cursor has expired',
    received: 'a cursor sealed with an expired key',
    allowed: 'a cursor of the last 30 days',
    remedy: 'ask again from the first page',
  });
}
