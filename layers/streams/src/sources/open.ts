import { type Column, itemsProblemOf, type RowPlan, type Value } from '@bifold/core/engine';
import type { Journal } from '../checkpoint/journal.ts';
import { type InputNode, sourceColumns, sourceEventTime } from '../definition/source.ts';
import type { Stream } from '../definition/stream.ts';
import type { Ports } from '../ports.ts';
import { filesSource } from './files.ts';
import { kafkaSource } from './kafka.ts';
import { rateSource } from './rate.ts';
import { severalSources } from './several.ts';
import type { OpenSource, RowsOf } from './source.ts';

export async function openSource(stream: Stream, journal: Journal, ports: Ports): Promise<OpenSource> {
  const { source, rows, eventTime, decodedBy } = stream;
  if (source.kind !== 'join')
    return openInput(
      source,
      { columns: rows.columns, eventTime, decodedBy, problemOf: itemsProblem(rows) },
      '',
      journal,
      ports,
    );
  const sides = [source.left, source.right].map(async (side, index) => ({
    // The position of a side is stored under `left` or `right`, because its display name is
    // arbitrary.
    name: index === 0 ? 'left' : 'right',
    source: await openInput(
      side.source,
      { columns: side.rows.columns, eventTime: side.eventTime, decodedBy: null },
      index === 0 ? '-left' : '-right',
      journal,
      ports,
    ),
    side: index,
  }));
  return severalSources(await Promise.all(sides));
}

/** `suffix` distinguishes the file lists of several folder sources in one checkpoint. */
async function openInput(
  node: InputNode,
  rows: RowsOf,
  suffix: string,
  journal: Journal,
  ports: Ports,
): Promise<OpenSource> {
  switch (node.kind) {
    case 'rate':
      return rateSource(node, ports.clock);
    case 'files':
      return filesSource(node, rows, journal, { suffix, open: ports.folder });
    case 'kafka':
      return kafkaSource(node, rows, await ports.topics());
    case 'union': {
      const inputs = node.inputs.map(async (input, index) => {
        const columns = sourceColumns(input);
        const eventTime = rows.eventTime ?? sourceEventTime(input);
        const own = { ...rows, columns, eventTime, decodedBy: null };
        const source = await openInput(input, own, `${suffix}-${index}`, journal, ports);
        return { name: String(index), source: inOrderOf(rows.columns, columns, source) };
      });
      return severalSources(await Promise.all(inputs));
    }
  }
}

/** The check of the items of `flatMap`. An invalid row is quarantined, as in a pipeline. */
function itemsProblem(plan: RowPlan): NonNullable<RowsOf['problemOf']> {
  const problem = itemsProblemOf(plan);
  return (columns) => {
    if (plan.flatMap === undefined) return () => null;
    const places = plan.columns.map(({ name }) => columns.findIndex((column) => column.name === name));
    return (values) => problem(places.map((place) => values[place] ?? null));
  };
}

/** Reorders the values of rows to another column order. */
function inOrderOf(wanted: readonly Column[], own: readonly Column[], source: OpenSource): OpenSource {
  const places = wanted.map(({ name }) => own.findIndex((column) => column.name === name));
  if (places.every((place, index) => place === index)) return source;
  return {
    ...source,
    async *read(from, to) {
      for await (const { rows, bad } of source.read(from, to))
        yield { bad, rows: rows.map((values) => places.map((place) => values[place] as Value)) };
    },
  };
}
