import type { ErrorBound } from '../aggregates/algebra.ts';
import type { AnyAlgebra } from '../aggregates/descriptor.ts';
import { algebraOf } from '../aggregates/kinds.ts';
import type { Result } from '../aggregates/result.ts';
import type { AggregatePlan } from '../plan/aggregate.ts';
import type { Plan } from '../plan/plan.ts';
import type { RowPosition } from '../ports/scope.ts';
import { Reader, Writer } from '../records/codec.ts';
import { POISON_REASONS } from '../records/record.ts';
import { panesOf } from '../windows/panes.ts';

/** The states of one row, one per aggregate, in the plan's order. */
export type States = readonly unknown[];

/**
 * A built-in view of every pipeline: the number of quarantined records, by reason. It has one row,
 * with the empty key and a window that starts at 0.
 */
export const QUARANTINE_WINDOW = '$quarantine';
export const QUARANTINE_POSITION: RowPosition = Object.freeze({ key: '', window: QUARANTINE_WINDOW, startMs: 0 });

const QUARANTINE_AGGREGATES: readonly AggregatePlan[] = POISON_REASONS.map((reason) => ({
  name: reason,
  kind: 'count',
  field: null,
  where: null,
  domain: 'integer',
}));

/** The algebra of a whole row: the algebras of its aggregates, applied together. */
export interface RowAlgebra {
  readonly aggregates: readonly AggregatePlan[];
  readonly algebras: readonly AnyAlgebra[];
  readonly empty: States;
  merge(left: States, right: States): States;
  present(states: States): Record<string, Result>;
  /** The error bounds of the inexact results, by the name of the aggregate. */
  boundsOf(states: States): Record<string, ErrorBound>;
  /** Canonical bytes of a batch row. */
  encode(states: States): Buffer;
  decode(cell: Uint8Array): States;
  /**
   * Canonical bytes of a fragment: the offset of the last record folded in, then the states, in one
   * cell.
   */
  encodeFragment(lastOffset: number, states: States): Buffer;
  decodeFragment(cell: Uint8Array): { readonly lastOffset: number; readonly states: States };
}

function rowAlgebra(aggregates: readonly AggregatePlan[]): RowAlgebra {
  const algebras = aggregates.map((aggregate) => algebraOf(aggregate));
  const writer = new Writer();
  const write = (states: States): Buffer => {
    for (let index = 0; index < algebras.length; index++) (algebras[index] as AnyAlgebra).encode(states[index], writer);
    return writer.take();
  };
  const read = (reader: Reader): States => {
    const states = algebras.map((algebra) => algebra.decode(reader));
    reader.end();
    return states;
  };
  return {
    aggregates,
    algebras,
    empty: Object.freeze(algebras.map((algebra) => algebra.empty)),
    merge: (left, right) => algebras.map((algebra, index) => algebra.merge(left[index], right[index])),
    present: (states) =>
      Object.fromEntries(
        aggregates.map(({ name }, index) => [name, (algebras[index] as AnyAlgebra).present(states[index])]),
      ),
    boundsOf: (states) =>
      Object.fromEntries(
        aggregates.flatMap(({ name }, index) => {
          const bound = (algebras[index] as AnyAlgebra).boundOf?.(states[index]) ?? null;
          return bound === null ? [] : [[name, bound]];
        }),
      ),
    encode: (states) => {
      // Encoding the previous row may have failed midway: drop its bytes.
      writer.clear();
      return write(states);
    },
    decode: (cell) => read(new Reader(cell)),
    encodeFragment: (lastOffset, states) => {
      writer.clear();
      writer.unsigned(lastOffset);
      return write(states);
    },
    decodeFragment: (cell) => {
      const reader = new Reader(cell);
      const lastOffset = reader.unsigned();
      return { lastOffset, states: read(reader) };
    },
  };
}

/**
 * The additional aggregates of a pane that tracks event times: the times of its first and last
 * event, in epoch milliseconds.
 */
const TIME_AGGREGATES: readonly AggregatePlan[] = (['min', 'max'] as const).map((kind) => ({
  name: `$${kind}`,
  kind,
  field: '$time',
  where: null,
  domain: 'integer',
}));

/**
 * The algebras of a plan's rows: of its windows, of panes that track event times, and of the
 * quarantine counts.
 */
export interface RowAlgebras {
  readonly view: RowAlgebra;
  readonly timed: RowAlgebra;
  readonly quarantine: RowAlgebra;
  /** The row algebra used to store the given window. */
  of(window: string): RowAlgebra;
}

export function rowAlgebrasOf(plan: Pick<Plan, 'aggregates' | 'windows'>): RowAlgebras {
  const view = rowAlgebra(plan.aggregates);
  const timed = rowAlgebra([...plan.aggregates, ...TIME_AGGREGATES]);
  const quarantine = rowAlgebra(QUARANTINE_AGGREGATES);
  const stored = new Map(
    plan.windows.map((window) => [window.name, panesOf(window).tracksEventTimeBounds ? timed : view]),
  );
  return { view, timed, quarantine, of: (window) => stored.get(window) ?? quarantine };
}

/** The times of the first and last event of a pane, from its states. */
export function timesOf(
  { aggregates }: RowAlgebra,
  states: States,
): { readonly firstMs: number; readonly lastMs: number } {
  const [firstMs, lastMs] = states.slice(aggregates.length - TIME_AGGREGATES.length) as [number, number];
  return { firstMs, lastMs };
}
