import type { OutgoingMessage, Ports } from '../ports.ts';
import { jsonOf } from '../rows.ts';
import { checkColumns, type OpenSink, type RefusedRow, type SinkDescriptor, type SinkNode } from './sink.ts';

export interface KafkaSinkNode extends SinkNode {
  readonly kind: 'kafka';
  readonly topic: string;
  /** The column whose value is the record's key. */
  readonly key: string | null;
}

export const kafkaDescriptor: SinkDescriptor<KafkaSinkNode> = {
  kind: 'kafka',
  check: ({ key }, rows) => checkColumns('key', key === null ? [] : [key], rows),
  fingerprint: (node) => node,
  open: (node, { checkpoint, ports }) => kafkaSink(node, checkpoint, ports),
};

/**
 * Writes each row as a record of JSON. The records and the number of a batch are written in one
 * transaction, so that a repeated batch is recognised: exactly once for `read_committed` readers.
 */
function kafkaSink({ topic, key }: KafkaSinkNode, checkpoint: string, ports: Ports): OpenSink {
  const open = async () => {
    const producer = await ports.producer(`bifold.run.${checkpoint}.${topic}`);
    return { producer, written: await producer.lastBatch(topic), refusalOf: await producer.messageCheck(topic) };
  };
  let opened: ReturnType<typeof open> | null = null;
  return {
    async write({ stream, number, columns, rows }, setAside) {
      if (rows.length === 0) return;
      opened ??= open();
      const { producer, written, refusalOf } = await opened;
      if (number <= written) return;
      const keyAt = key === null ? -1 : columns.findIndex(({ name }) => name === key);
      const messages: OutgoingMessage[] = [];
      const refused: RefusedRow[] = [];
      for (const [index, row] of rows.entries()) {
        const keyValue = row[keyAt] ?? null;
        const message = {
          key: keyValue === null ? null : String(keyValue),
          value: jsonOf(columns, row),
          headers: { 'bifold-stream': stream, 'bifold-batch': String(number) },
        };
        const detail = keyProblem(message) ?? refusalOf(message);
        if (detail === null) messages.push(message);
        else refused.push({ index, reason: 'bad-message', detail });
      }
      await setAside(refused);
      if (messages.length > 0) await producer.send(topic, number, messages);
    },
    async close() {
      await (await opened?.catch(() => null))?.producer.close();
    },
  };
}

/** JSON escapes half of a surrogate pair; the bytes of a key cannot hold it. */
function keyProblem({ key }: OutgoingMessage): string | null {
  return key === null || key.isWellFormed() ? null : 'the key holds half of a surrogate pair, which UTF-8 cannot write';
}
