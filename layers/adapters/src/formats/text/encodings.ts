import { bufferOf } from '../text.ts';

export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'latin1', 'windows-1252'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Converts the next bytes to UTF-8. Null means the end of the file. */
type Transcoder = (bytes: Buffer | null) => Buffer;

/** Bytes at the start of a file that name its encoding. They are not content. */
const BYTE_ORDER_MARKS: readonly (readonly [Encoding, Buffer])[] = [
  ['utf-8', Buffer.of(0xef, 0xbb, 0xbf)],
  ['utf-16le', Buffer.of(0xff, 0xfe)],
  ['utf-16be', Buffer.of(0xfe, 0xff)],
];
const MARK_BYTES_MAX = 3;

/**
 * The text of a file in UTF-8, without its byte order mark. Bytes that do not fit the encoding
 * become bytes that are not UTF-8, so the reader finds the line that holds them.
 *
 * @param encoding undefined: that of the byte order mark, otherwise UTF-8
 */
export async function* utf8Bytes(
  input: AsyncIterable<Uint8Array>,
  encoding: Encoding | undefined,
): AsyncGenerator<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  let transcode: Transcoder | null = null;
  const begin = (): Buffer => {
    const mark = BYTE_ORDER_MARKS.find(([of, bytes]) => (encoding ?? of) === of && startsWith(head, bytes));
    transcode = TRANSCODERS[encoding ?? mark?.[0] ?? 'utf-8']();
    return transcode(head.subarray(mark?.[1].length ?? 0));
  };
  for await (const chunk of input) {
    const bytes = bufferOf(chunk);
    if (transcode !== null) yield (transcode as Transcoder)(bytes);
    else {
      head = Buffer.concat([head, bytes]);
      if (head.length >= MARK_BYTES_MAX) yield begin();
    }
  }
  if (transcode === null) yield begin();
  yield (transcode as unknown as Transcoder)(null);
}

const startsWith = (bytes: Buffer, mark: Buffer): boolean => bytes.subarray(0, mark.length).equals(mark);
const NOTHING = Buffer.alloc(0);

const TRANSCODERS: Readonly<Record<Encoding, () => Transcoder>> = {
  'utf-8': () => (bytes) => bytes ?? NOTHING,
  'utf-16le': () => fromUtf16((bytes) => bytes),
  'utf-16be': () => fromUtf16((bytes) => Buffer.from(bytes).swap16()),
  // ISO 8859-1. In the Encoding Standard the name means windows-1252, which has other characters.
  latin1: () => (bytes) => Buffer.from((bytes ?? NOTHING).toString('latin1'), 'utf8'),
  'windows-1252': () => (bytes) => fromWindows1252(bytes ?? NOTHING),
};

const UNIT_BYTES = 2;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A lone surrogate becomes three bytes, which UTF-8 does not allow. */
function fromUtf16(littleEndian: (bytes: Buffer) => Buffer): Transcoder {
  let rest: Buffer = NOTHING;
  return (bytes) => {
    if (bytes === null) return rest.length % UNIT_BYTES === 0 ? utf8With(textOf(rest)) : Buffer.of(NO_UTF8);
    const all = Buffer.concat([rest, bytes]);
    const whole = all.length - (all.length % UNIT_BYTES);
    const text = textOf(all.subarray(0, whole));
    // The partner of a high surrogate may come with the next bytes.
    const kept = /[\ud800-\udbff]$/.test(text) ? 1 : 0;
    rest = all.subarray(whole - kept * UNIT_BYTES);
    return utf8With(text.slice(0, text.length - kept));
  };
  function textOf(units: Buffer): string {
    return littleEndian(units).toString('utf16le');
  }
}

/** A byte that UTF-8 never has. */
const NO_UTF8 = 0xff;

function utf8With(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  return Buffer.concat(
    Array.from(text, (character) =>
      LONE_SURROGATE.test(character) ? surrogateBytes(character.charCodeAt(0)) : Buffer.from(character, 'utf8'),
    ),
  );
}

function surrogateBytes(unit: number): Buffer {
  return Buffer.of(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f));
}

/** The characters of the bytes 0x80 to 0x9f. A space marks the five bytes without a character. */
const WINDOWS_1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';
const [FIRST, LAST] = [0x80, 0x9f];

/** A byte without a character stays as it is. Alone, it is not UTF-8. */
function fromWindows1252(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const [index, byte] of bytes.entries()) {
    if (byte < FIRST || byte > LAST) continue;
    const character = WINDOWS_1252[byte - FIRST] as string;
    parts.push(Buffer.from(bytes.toString('latin1', from, index), 'utf8'));
    parts.push(character === ' ' ? Buffer.of(byte) : Buffer.from(character, 'utf8'));
    from = index + 1;
  }
  parts.push(Buffer.from(bytes.toString('latin1', from), 'utf8'));
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}
