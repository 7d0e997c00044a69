import type { Ports, Shown } from '../ports.ts';
import { type OpenSink, type Sink, type SinkDescriptor, type SinkNode, sinkOf } from './sink.ts';

interface ConsoleNode extends SinkNode, Shown {
  readonly kind: 'console';
}

/** Shows each batch as a table under its number. */
export function console(options: { readonly rows?: number; readonly truncate?: number | boolean } = {}): Sink<unknown> {
  const { rows = 20, truncate = true } = options;
  return sinkOf({ kind: 'console', rows, truncate: truncate === true ? 20 : truncate });
}

export const consoleDescriptor: SinkDescriptor<ConsoleNode> = {
  kind: 'console',
  check: () => undefined,
  fingerprint: ({ kind }) => ({ kind }),
  open: (node, { ports }) => consoleSink(node, ports),
};

/** Shows each batch. A repeated batch is shown again. */
function consoleSink(node: Shown, { show }: Pick<Ports, 'show'>): OpenSink {
  return {
    take: async (batch) => show(batch, node),
    close: async () => undefined,
  };
}
