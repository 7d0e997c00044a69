import { field } from '@bifold/core';
import { console, defineStream, files, memory, processingTime } from '@bifold/streams';
import * as z from 'zod';

/** A flower, measured in centimetres. */
const Flower = z.object({
  sepal_length: z.number().positive(),
  sepal_width: z.number().positive(),
  petal_length: z.number().positive(),
  petal_width: z.number().positive(),
  species: z.enum(['setosa', 'versicolor', 'virginica']),
});

/** A folder of CSV files, one file a batch. The schema declares the types of the columns. */
export default defineStream({
  name: 'iris-files',
  from: files({
    path: new URL('../data', import.meta.url).pathname,
    format: 'csv',
    schema: Flower,
    maxFilesPerTrigger: 1,
  }),
  derive: { broad: field('petal_width').ge(1.5) },
  trigger: processingTime('5s'),
  sinks: [console({ rows: 5 }), memory('iris')],
});
