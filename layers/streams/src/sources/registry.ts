import { described, itemsProblemOf, type RowPlan, refuse } from '@bifold/core/engine';
import type { Journal } from '../checkpoint/journal.ts';
import type { Stream } from '../definition/stream.ts';
import type { Ports } from '../ports.ts';
import { filesSourceDescriptor } from './files.ts';
import { joinDescriptor } from './join.ts';
import { kafkaSourceDescriptor } from './kafka.ts';
import { rateDescriptor } from './rate.ts';
import type { OpenSource, RowsOf, SourceDescriptor, SourceNode, Sources, StartingOffsets } from './source.ts';
import { unionDescriptor } from './union.ts';

/** Every kind of source. */
const SOURCES: readonly SourceDescriptor<never>[] = [
  rateDescriptor,
  filesSourceDescriptor,
  kafkaSourceDescriptor,
  unionDescriptor,
  joinDescriptor,
];

const BY_KIND = new Map(SOURCES.map((descriptor) => [descriptor.kind, descriptor as SourceDescriptor<SourceNode>]));

export const SOURCE_KINDS: readonly string[] = [...BY_KIND.keys()];

const sources: Sources = {
  check: (node, where) => descriptorOf(node).check(node, where, sources),
  fingerprint: (node) => descriptorOf(node).fingerprint(node, sources),
  startingAt: (node, offsets) => descriptorOf(node).startingAt?.(node, offsets, sources) ?? node,
  open: async (node, rows, context) => descriptorOf(node).open(node, rows, context),
};

/** `where` names what has the source, as an error shows it. */
export function checkSource(node: SourceNode | undefined, where: string): asserts node is SourceNode {
  if (node === undefined || !BY_KIND.has(node.kind))
    refuse('BIFOLD_NO_SOURCE', {
      failed: `${where} has no source`,
      received: described(node),
      allowed: `${SOURCE_KINDS.join(', ')}; files with a schema`,
      remedy: 'write one of them, as in from: rate({ rowsPerSecond: 5 })',
    });
  sources.check(node, where);
}

export function sourceFingerprint(node: SourceNode): object {
  return sources.fingerprint(node);
}

/** A stream whose topics are read from another place; all of them where there are several. */
export function startingAt(stream: Stream, offsets: StartingOffsets): Stream {
  return { ...stream, source: sources.startingAt(stream.source, offsets) };
}

export function openSource(stream: Stream, journal: Journal, ports: Ports): Promise<OpenSource> {
  const { source, rows, eventTime, decodedBy } = stream;
  return sources.open(
    source,
    { columns: rows.columns, eventTime, decodedBy, problemOf: itemsProblem(rows) },
    { journal, ports, sources, suffix: '' },
  );
}

/** The definition was checked: its kind is known. */
function descriptorOf({ kind }: SourceNode): SourceDescriptor<SourceNode> {
  return BY_KIND.get(kind) as SourceDescriptor<SourceNode>;
}

/** A row with items that `flatMap` cannot read is quarantined, as in a pipeline. */
function itemsProblem(plan: RowPlan): NonNullable<RowsOf['problemOf']> {
  const problem = itemsProblemOf(plan);
  return (columns) => {
    if (plan.flatMap === undefined) return () => null;
    const places = plan.columns.map(({ name }) => columns.findIndex((column) => column.name === name));
    return (values) => problem(places.map((place) => values[place] ?? null));
  };
}
