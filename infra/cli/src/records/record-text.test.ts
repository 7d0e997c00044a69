import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonLineOf, visible, visibleBytes } from './record-text.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const OBEYED = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const recordOf = (value: Uint8Array | null, key: Uint8Array | null = null) => ({
  partition: 1,
  offset: 2,
  timestampMs: 0,
  key,
  value,
  headers: [{ key: 'h\u009b', value: key }],
});
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: 'binary' }).map(bytes),
  fc.jsonValue().map((value) => bytes(JSON.stringify(value, null, 2))),
);

describe('a record on a terminal', () => {
  it('never holds a character that the terminal would obey, whatever its bytes are', () => {
    fc.assert(
      fc.property(anyBytes, anyBytes, (value, key) => {
        expect(visibleBytes(value)).not.toMatch(OBEYED);
        expect(jsonLineOf(recordOf(value, key))).not.toMatch(OBEYED);
      }),
    );
  });

  it('is shown as it is where nothing is wrong with it', () => {
    expect(visibleBytes(bytes('{"ü":"日本","e":"\\n"}'))).toBe('{"ü":"日本","e":"\\n"}');
    expect(visible('a\tb\u001b[31m')).toBe('a\\tb\\u{1b}[31m');
    expect(visibleBytes(new Uint8Array([0xff, 0x41]))).toBe('\\xffA');
    expect(visibleBytes(null)).toBe('(null)');
  });
});

describe('a record as a line of JSON', () => {
  it('holds the value that was sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const line = JSON.parse(jsonLineOf(recordOf(bytes(JSON.stringify(value, null, 1)))));
        expect(line.value).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('keeps each digit of a number, and tells text, bytes and nothing apart', () => {
    const member = (value: Uint8Array | null) => jsonLineOf(recordOf(value)).replace(/^.*"headers":\[.*?\],/, '');
    expect(member(bytes('{"id": 12345678901234567890, "x": 1.0}'))).toBe(
      '"value":{"id": 12345678901234567890, "x": 1.0}}',
    );
    expect(member(bytes('{"id": 1'))).toBe('"text":"{\\"id\\": 1"}');
    expect(member(new Uint8Array([0xc3, 0x28]))).toBe('"valueBase64":"wyg="}');
    expect(member(bytes('null'))).toBe('"value":null}');
    expect(member(null)).toBe('"value":null,"tombstone":true}');
  });
});
