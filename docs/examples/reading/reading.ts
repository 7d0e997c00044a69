import { console, defineStream, every, kafka } from '@bifold/streams';

/** Five records of a topic every ten seconds: where it begins is said by --from, where it goes on by its checkpoint. */
export default defineStream({
  name: 'reading',
  from: kafka({ topic: 'messages', startingOffsets: 'earliest', maxOffsetsPerTrigger: 5 }),
  trigger: every('10s'),
  sinks: [console()],
});
