import type { FileCase } from './case.ts';

/** Dates and times. */
export const TIMES: readonly FileCase[] = [
  {
    title: 'dates, far ones too',
    file: 'dates.csv',
    content: 'day\n2013-07-04\n2016-02-29\n0001-01-01\n9999-12-31\n',
    gives: { rows: ['{"day":"2013-07-04"}', '{"day":"2016-02-29"}', '{"day":"0001-01-01"}', '{"day":"9999-12-31"}'] },
  },
  {
    title: 'a day that does not exist, which is a text',
    file: 'no-day.csv',
    content: 'day\n2013-02-28\n2013-02-30\n',
    gives: { rows: ['{"day":"2013-02-28"}', '{"day":"2013-02-30"}'] },
  },
  {
    title: 'times with zones, which Parquet keeps as instants',
    file: 'zones.csv',
    content: 'at\n2013-07-04T10:00:00Z\n2013-07-04T10:00:00.5+02:00\n',
    gives: { rows: ['{"at":"2013-07-04T10:00:00Z"}', '{"at":"2013-07-04T10:00:00.5+02:00"}'] },
    throughParquet: { rows: ['{"at":"2013-07-04T10:00:00.000000Z"}', '{"at":"2013-07-04T08:00:00.500000Z"}'] },
  },
  {
    title: 'nanoseconds',
    file: 'nanos.csv',
    content: 'at\n2020-01-01T00:00:00.123456789Z\n2020-01-01T00:00:00.000000001Z\n',
    gives: { rows: ['{"at":"2020-01-01T00:00:00.123456789Z"}', '{"at":"2020-01-01T00:00:00.000000001Z"}'] },
  },
  {
    title: 'more digits of a second than nanoseconds, which are texts',
    file: 'picos.csv',
    content: 'at\n2020-01-01T00:00:00.1234567890123Z\n2020-01-01T00:00:00Z\n',
    gives: { rows: ['{"at":"2020-01-01T00:00:00.1234567890123Z"}', '{"at":"2020-01-01T00:00:00Z"}'] },
  },
  {
    title: 'nanoseconds outside the range of 64 bits, which are texts',
    file: 'far-nanos.csv',
    content: 'at\n1500-01-01T00:00:00.123456789Z\n2020-01-01T00:00:00Z\n',
    gives: { rows: ['{"at":"1500-01-01T00:00:00.123456789Z"}', '{"at":"2020-01-01T00:00:00Z"}'] },
  },
  {
    title: 'microseconds in early and late years',
    file: 'far.csv',
    content: 'at\n0001-01-01T00:00:00.000001Z\n9999-12-31T23:59:59.999999Z\n',
    gives: { rows: ['{"at":"0001-01-01T00:00:00.000001Z"}', '{"at":"9999-12-31T23:59:59.999999Z"}'] },
  },
  {
    title: 'other spellings of times, which are texts',
    file: 'local.csv',
    content: 'a,b,c,d\n2013-07-04T10:00:00,2013-07-04 10:00:00,04.07.2013,2013-06-30T23:59:60Z\n',
    gives: {
      rows: ['{"a":"2013-07-04T10:00:00","b":"2013-07-04 10:00:00","c":"04.07.2013","d":"2013-06-30T23:59:60Z"}'],
    },
  },
  {
    title: 'a year of five digits, which is a text',
    file: 'year-10000.csv',
    content: 'at\n+010000-01-01T00:00:00Z\n2020-01-01T00:00:00Z\n',
    gives: { rows: ['{"at":"+010000-01-01T00:00:00Z"}', '{"at":"2020-01-01T00:00:00Z"}'] },
  },
];
