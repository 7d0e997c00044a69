import { type Column, refuse, type Value } from '@bifold/core/engine';
import { severalSources } from './several.ts';
import {
  type OpenSource,
  type RowsOf,
  type Source,
  type SourceContext,
  type SourceDescriptor,
  type SourceNode,
  sourceOf,
} from './source.ts';

/** Several sources, whose rows are those of one. */
interface UnionNode extends SourceNode {
  readonly kind: 'union';
  readonly inputs: readonly SourceNode[];
}

/**
 * Reads several sources as one. All have the same columns, and one watermark for all.
 *
 * @param sources - two or more sources, no joins among them
 * @throws {DefinitionError} BIFOLD_BAD_UNION if there is one source, a join, or a source with other
 *   columns
 * @example
 * defineStream({
 *   name: 'all-rides',
 *   from: union([
 *     kafka({ topic: 'rides', schema: Ride }),
 *     files({ path: 'in/rides', format: 'json', schema: Ride }),
 *   ]),
 *   sinks: [memory('rides')],
 * });
 */
export function union<E>(sources: readonly Source<E>[]): Source<E> {
  const inputs = Array.isArray(sources) ? sources.map(({ source }) => source) : [];
  if (inputs.length < 2)
    refuse('BIFOLD_BAD_UNION', {
      failed: 'a union has too few sources',
      received: String(inputs.length),
      allowed: 'two or more',
      remedy: 'write union([kafka({ ... }), files({ ... })])',
    });
  const nested = inputs.find(({ kind }) => kind === 'join');
  if (nested !== undefined)
    refuse('BIFOLD_BAD_UNION', {
      failed: 'a union holds a join',
      received: 'union([..., join(...)])',
      allowed: 'sources that are read: files, kafka, rate, and unions of them',
      remedy: 'join two unions, or write the join to a topic and read that',
    });
  const columns = commonColumns(inputs.map((input) => input.columns));
  const [eventTime = null, ...others] = inputs.map((input) => input.eventTime);
  const isCommon = others.every((each) => JSON.stringify(each) === JSON.stringify(eventTime));
  return sourceOf<E, UnionNode>({ kind: 'union', inputs, columns, eventTime: isCommon ? eventTime : null });
}

export const unionDescriptor: SourceDescriptor<UnionNode> = {
  kind: 'union',
  check: ({ inputs }, where, sources) => {
    for (const input of inputs) sources.check(input, where);
  },
  fingerprint: ({ kind, inputs }, sources) => ({ kind, inputs: inputs.map((input) => sources.fingerprint(input)) }),
  startingAt: (node, offsets, sources) => ({
    ...node,
    inputs: node.inputs.map((input) => sources.startingAt(input, offsets)),
  }),
  open: openUnion,
};

async function openUnion(node: UnionNode, rows: RowsOf, context: SourceContext): Promise<OpenSource> {
  const inputs = node.inputs.map(async (input, index) => {
    const { columns } = input;
    const eventTime = rows.eventTime ?? input.eventTime;
    const inputRows = { ...rows, columns, eventTime, decodedBy: null };
    const suffix = `${context.suffix}-${index}`;
    const source = await context.sources.open(input, inputRows, { ...context, suffix });
    return { name: String(index), source: reordered(rows.columns, columns, source) };
  });
  return severalSources(await Promise.all(inputs));
}

/** A source whose rows have their values in another order of the columns. */
function reordered(wanted: readonly Column[], columns: readonly Column[], source: OpenSource): OpenSource {
  const places = wanted.map(({ name }) => columns.findIndex((column) => column.name === name));
  if (places.every((place, index) => place === index)) return source;
  return {
    ...source,
    async *read(from, to) {
      for await (const chunk of source.read(from, to)) {
        const rows = chunk.rows.map((values) => places.map((place) => values[place] as Value));
        yield { ...chunk, rows };
      }
    },
  };
}

/** The first one's columns; null may be in them where it may be in any. */
function commonColumns([first = [], ...others]: readonly (readonly Column[])[]): readonly Column[] {
  const shown = (columns: readonly Column[]) =>
    columns
      .map(({ name, type }) => `${name} ${type}`)
      .toSorted()
      .join(', ');
  const different = others.find((columns) => shown(columns) !== shown(first));
  if (different !== undefined)
    refuse('BIFOLD_BAD_UNION', {
      failed: 'the sources of a union have different columns',
      received: shown(different),
      allowed: `the columns of the first source: ${shown(first)}`,
      remedy: 'give them one schema',
    });
  return first.map((column) => ({
    ...column,
    nullable: [first, ...others].some((columns) => columns.some((each) => each.name === column.name && each.nullable)),
  }));
}
