import { refuseUnknownOptions } from '@bifold/core/engine';
import type { Ports, Shown } from '../ports.ts';
import { type OpenSink, type Sink, type SinkDescriptor, type SinkNode, sinkOf } from './sink.ts';

interface ConsoleNode extends SinkNode, Shown {
  readonly kind: 'console';
}

interface ConsoleOptions {
  /** The rows shown of a batch; 20 by default. */
  readonly rows?: number;
  /** The length to which longer texts are cut, or whether they are cut to 20; true by default. */
  readonly truncate?: number | boolean;
}

/**
 * Prints each batch as a table under its number.
 *
 * @param options - how much of a batch is printed
 * @throws {DefinitionError} BIFOLD_UNKNOWN_OPTION if an option does not exist
 * @example
 * defineStream({ name: 'seconds', from: rate(), sinks: [console({ rows: 5, truncate: false })] });
 */
export function console(options: ConsoleOptions = {}): Sink<unknown> {
  refuseUnknownOptions('console', options, ['rows', 'truncate']);
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
    write: async (batch) => show(batch, node),
    close: async () => undefined,
  };
}
