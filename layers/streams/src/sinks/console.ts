import type { ConsoleNode } from '../definition/sink.ts';
import type { Ports } from '../ports.ts';
import type { OpenSink } from './sink.ts';

/** Shows each batch. One that comes again after a crash is shown again. */
export function consoleSink(node: ConsoleNode, { show }: Pick<Ports, 'show'>): OpenSink {
  return {
    take: async (batch) => show(batch, node),
    close: async () => undefined,
  };
}
