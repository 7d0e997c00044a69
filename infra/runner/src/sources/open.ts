import type { Journal } from '../checkpoint/journal.ts';
import type { Stream } from '../definition/stream.ts';
import type { Ports } from '../ports.ts';
import { filesSource } from './files.ts';
import { kafkaSource } from './kafka.ts';
import { rateSource } from './rate.ts';
import type { OpenSource } from './source.ts';

export async function openSource(stream: Stream, journal: Journal, ports: Ports): Promise<OpenSource> {
  const { source, columns, eventTime } = stream;
  switch (source.kind) {
    case 'rate':
      return rateSource(source, ports.clock);
    case 'files':
      return filesSource(source, columns, eventTime, journal);
    case 'kafka':
      return kafkaSource(source, stream, await ports.topics());
  }
}
