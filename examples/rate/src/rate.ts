import { field } from '@bifold/core';
import { console, defineStream, processingTime, rate } from '@bifold/streams';

/** Five rows a second, a column added, shown in batches. */
export default defineStream({
  name: 'rate',
  from: rate({ rowsPerSecond: 5 }),
  derive: { late: field('value').ge(12) },
  trigger: processingTime('2s'),
  sinks: [console()],
});
