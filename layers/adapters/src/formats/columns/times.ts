const DATE = /^\d{4}-\d\d-\d\d$/;
const TIMESTAMP = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,9}))?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
/** Digits of a second in Parquet's usual timestamps; with more, they count nanoseconds. */
const MICROSECOND_DIGITS = 6;
/** Years that lie wholly within the range of nanoseconds in 64 bits. */
const [NANOS_FROM_YEAR, NANOS_TO_YEAR] = [1678, 2261];

export function isDate(text: string): boolean {
  // A day beyond the end of its month would be one of the next month.
  return DATE.test(text) && new Date(`${text}T00:00:00Z`).getUTCDate() === Number(text.slice(-2));
}

/** Whether a text is a time with a zone, to the nanosecond at most. */
export const isTimestamp = (text: string): boolean => isDate(TIMESTAMP.exec(text)?.[1] ?? '');

/** Whether a timestamp counts nanoseconds. */
export function isNanoseconds(timestamp: string): boolean {
  return (TIMESTAMP.exec(timestamp)?.[3] ?? '').length > MICROSECOND_DIGITS;
}

/** Whether 64 bits of nanoseconds can hold a timestamp. */
export function isInNanosecondRange(timestamp: string): boolean {
  const year = Number(timestamp.slice(0, 4));
  return year >= NANOS_FROM_YEAR && year <= NANOS_TO_YEAR;
}
