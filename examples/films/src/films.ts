import { kafka } from '@bifold/streams';
import * as z from 'zod';

const Film = z.object({
  id: z.int(),
  at: z.iso.datetime(),
  title: z.string(),
  year: z.int(),
  rated: z.string(),
  studio: z.string(),
  score: z.number(),
});

const Description = z.object({
  film: z.int(),
  at: z.iso.datetime(),
  director: z.string(),
  genre: z.string(),
});

/** Twelve records a batch. A schema with fewer fields reads fewer columns. */
const from = { startingOffsets: 'earliest', maxOffsetsPerTrigger: 12 } as const;
export const films = kafka({ topic: 'films', schema: Film, ...from });
export const titles = kafka({
  topic: 'films',
  schema: Film.pick({ id: true, at: true, title: true, studio: true }),
  ...from,
});
export const descriptions = kafka({ topic: 'descriptions', schema: Description, ...from });
