import type { Column, EventTime, RowPlan } from '@bifold/core/engine';
import { columnsFingerprint } from './schema.ts';
import { severalSources } from './several.ts';
import type { OpenSource, RowsOf, SourceContext, SourceDescriptor, SourceNode, Sources } from './source.ts';

/**
 * The sides whose rows are emitted without a partner too: none, the left, the right, or both.
 *
 * @example
 * const type: JoinType = 'left';
 */
export type JoinType = 'inner' | 'left' | 'right' | 'full';

/** Two sources, whose rows come together. Its columns are those of the joined rows. */
export interface JoinNode extends SourceNode {
  readonly kind: 'join';
  readonly type: JoinType;
  readonly left: JoinSide;
  readonly right: JoinSide;
  readonly on: readonly (readonly [left: string, right: string])[];
  /**
   * The greatest time by which the partner of a left row may come before or after it; null for any
   * time.
   */
  readonly within: { readonly beforeMs: number; readonly afterMs: number } | null;
}

export interface JoinSide {
  readonly name: string;
  readonly source: SourceNode;
  /** The plan of a record's row on this side: columns, derived columns and condition. */
  readonly rows: RowPlan;
  readonly eventTime: EventTime | null;
  /** The delay of this side's watermark; null without one. */
  readonly latenessMs: number | null;
  /** The columns of the joined side: the source's columns and the derived ones. */
  readonly output: readonly Column[];
}

export function isJoin(node: SourceNode): node is JoinNode {
  return node.kind === 'join';
}

/** Reads the sides; the operator of the stream joins their rows. */
export const joinDescriptor: SourceDescriptor<JoinNode> = {
  kind: 'join',
  check: ({ left, right }, where, sources) => {
    for (const side of [left, right]) sources.check(side.source, where);
  },
  fingerprint: ({ kind, type, on, within, left, right }, sources) => ({
    kind,
    type,
    on,
    within,
    left: sideFingerprint(left, sources),
    right: sideFingerprint(right, sources),
  }),
  startingAt: (node, offsets, sources) => ({
    ...node,
    left: { ...node.left, source: sources.startingAt(node.left.source, offsets) },
    right: { ...node.right, source: sources.startingAt(node.right.source, offsets) },
  }),
  open: openSides,
};

function sideFingerprint({ name, source, rows, eventTime, latenessMs }: JoinSide, sources: Sources): object {
  const { columns, derived, where = null } = rows;
  return {
    name,
    from: sources.fingerprint(source),
    columns: columnsFingerprint(columns),
    eventTime,
    latenessMs,
    derived,
    where,
  };
}

async function openSides({ left, right }: JoinNode, _: RowsOf, context: SourceContext): Promise<OpenSource> {
  const open = async ({ source, rows, eventTime }: JoinSide, name: 'left' | 'right', side: number) => ({
    // Positions are stored by this name: the name in `as` may change.
    name,
    source: await context.sources.open(
      source,
      { columns: rows.columns, eventTime, decodedBy: null },
      { ...context, suffix: `${context.suffix}-${name}` },
    ),
    side,
  });
  return severalSources(await Promise.all([open(left, 'left', 0), open(right, 'right', 1)]));
}
