import { expect, it } from '@jest/globals';
import cassandra from 'cassandra-driver';
import Encoder from 'cassandra-driver/lib/encoder.js';
import { InputError } from '../../errors.ts';
import { shellError } from './errors.ts';
import { keepExactValues } from './exact-values.ts';
import { jsonOf } from './values.ts';

const { dataTypes, responseErrorCodes } = cassandra.types;

keepExactValues();
const encoder = new Encoder(4, { encoding: { useBigIntAsLong: true, useBigIntAsVarint: true, map: Map, set: Set } });
const decoded = (bytes: Buffer, code: number, info?: unknown) => jsonOf(encoder.decode(bytes, { code, info }));

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

it.each([
  [0n, '1970-01-01T00:00:00.000Z'],
  [8_640_000_000_000_000n, '+275760-09-13T00:00:00.000Z'],
  [8_640_000_000_000_001n, '8640000000000001'],
  [1_764_425_000_000_000_123n, '1764425000000000123'],
  [-(2n ** 63n), '-9223372036854775808'],
])('shows the timestamp %s as a time, or as its digits beyond the dates of JavaScript', (milliseconds, text) => {
  expect(decoded(int64(milliseconds), dataTypes.timestamp)).toBe(text);
});

it('shows a timestamp beyond the dates of JavaScript within a list', () => {
  const list = Buffer.concat([int32(1), int32(8), int64(2n ** 62n)]);
  expect(decoded(list, dataTypes.list, { code: dataTypes.timestamp })).toEqual([String(2n ** 62n)]);
});

it.each([
  ['05', 0, '5'],
  ['05', 2, '0.05'],
  ['fb', 2, '-0.05'],
  ['0100', 1, '25.6'],
  ['05', 6, '0.000005'],
  ['05', 7, '5E-7'],
  ['0d', 8, '1.3E-7'],
  ['01', -400, '1E+400'],
  ['00', 2, '0.00'],
  ['80', 0, '-128'],
  ['0080', 3, '0.128'],
  ['01', 2_147_483_647, '1E-2147483647'],
])('shows the decimal with the unscaled bytes %s and the scale %s as %s', (unscaled, scale, text) => {
  expect(decoded(Buffer.concat([int32(scale), Buffer.from(unscaled, 'hex')]), dataTypes.decimal)).toBe(text);
});

it('shows numbers, dates, addresses and bytes without the loss of a digit', () => {
  const { Duration, InetAddress, LocalDate, LocalTime, Tuple } = cassandra.types;
  expect(
    [
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      2n ** 64n,
      7n,
      LocalDate.fromBuffer(Buffer.alloc(4, 0xff)),
      LocalDate.fromString('-0044-03-15'),
      LocalTime.fromString('01:02:03.123456789'),
      Duration.fromString('-1y2mo3d4h5m6s7ms'),
      new Duration(0, 0, 0),
      InetAddress.fromString('::1'),
      Buffer.from([0, 255]),
      new Tuple(1, null, 'x'),
      new Map([[new Tuple(1, 'k'), Number.NaN]]),
      new Set([2n ** 53n]),
      null,
    ].map(jsonOf),
  ).toEqual([
    'NaN',
    '-Infinity',
    '18446744073709551616',
    7,
    '2147483647',
    '-0044-03-15',
    '01:02:03.123456789',
    '-1y2mo3d4h5m6s7ms',
    '0s',
    '::1',
    '0x00ff',
    [1, null, 'x'],
    { '[1,"k"]': 'NaN' },
    ['9007199254740992'],
    null,
  ]);
});

const responseError = (code: number, message: string) => new cassandra.errors.ResponseError(code, message);

it.each([
  [responseErrorCodes.syntaxError, 'BIFOLD_CQL_INVALID', true],
  [responseErrorCodes.invalid, 'BIFOLD_CQL_INVALID', true],
  [responseErrorCodes.alreadyExists, 'BIFOLD_CQL_INVALID', true],
  [responseErrorCodes.unauthorized, 'BIFOLD_CASSANDRA_REFUSED', true],
  [responseErrorCodes.readTimeout, 'BIFOLD_CASSANDRA_TIMEOUT', false],
  [responseErrorCodes.serverError, 'BIFOLD_CASSANDRA_FAILED', false],
])('names an answer with the code %s %s, an error of the input: %s', (code, name, isInput) => {
  const error = shellError('it did not run', responseError(code, 'the message\nand a stack'));
  expect(error).toMatchObject({ code: name, explanation: { received: 'the message' } });
  expect(error instanceof InputError).toBe(isInput);
});

it('names the answer of a node although the driver says that no host is available', () => {
  const refusal = responseError(responseErrorCodes.invalid, "Keyspace 'nowhere' does not exist");
  const error = shellError('it did not run', new cassandra.errors.NoHostAvailableError({ '127.0.0.1:9042': refusal }));
  expect(error).toMatchObject({
    code: 'BIFOLD_CQL_INVALID',
    explanation: { received: "Keyspace 'nowhere' does not exist" },
  });
});

it('gives the reason of a refusal, also where Cassandra repeats a statement of several lines', () => {
  const message = 'Failed parsing statement: [INSERT\n INTO t] reason: SyntaxError line 1:7';
  expect(shellError('it did not run', responseError(responseErrorCodes.syntaxError, message))).toMatchObject({
    explanation: { received: 'SyntaxError line 1:7' },
  });
});

it('says that no node answers', () => {
  const error = shellError('it did not run', new cassandra.errors.NoHostAvailableError({}));
  expect(error).toMatchObject({ code: 'BIFOLD_CASSANDRA_AWAY' });
  expect(error).not.toBeInstanceOf(InputError);
});
