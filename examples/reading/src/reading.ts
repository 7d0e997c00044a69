import { console, defineStream, kafka, processingTime } from '@bifold/streams';

/**
 * Five records of a topic every ten seconds. `--from` says where the first run begins; the
 * checkpoint says where later runs continue.
 */
export default defineStream({
  name: 'reading',
  from: kafka({ topic: 'messages', startingOffsets: 'earliest', maxOffsetsPerTrigger: 5 }),
  trigger: processingTime('10s'),
  sinks: [console()],
});
