import { escapedBytes, utf8Of } from '@bifold/adapters/formats';
import type { LogRecord } from '@bifold/core/engine';

/**
 * Controls, formats (bidirectional ones among them), line separators, and what Unicode has not
 * assigned.
 */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu;
const NAMED: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * Text in one line that steers no terminal and hides nothing: what cannot be shown is written as an
 * escape.
 */
export function visible(text: string): string {
  return text.replace(UNSHOWABLE, (each) => NAMED[each] ?? `\\u{${(each.codePointAt(0) as number).toString(16)}}`);
}

/** Bytes in one line: as text, or byte by byte where they are none. */
export function visibleBytes(bytes: Uint8Array | null): string {
  if (bytes === null) return '(null)';
  const text = utf8Of(bytes);
  if (text !== null) return visible(text);
  return escapedBytes(bytes);
}

/** The same JSON, with everything escaped that a terminal might obey. */
function safeJson(json: string): string {
  return json.replace(UNSHOWABLE, (each) =>
    Array.from({ length: each.length }, (_, unit) => `\\u${each.charCodeAt(unit).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

/**
 * The text of a value that is JSON, on one line and otherwise as it was sent: numbers keep each of
 * their digits.
 */
export function jsonTextOf(bytes: Uint8Array): string | null {
  const text = utf8Of(bytes);
  if (text === null) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  // Inside of its strings, JSON has no raw control characters: those that there are stand between
  // its parts.
  return text.replace(/[\t\n\r]/g, ' ').trim();
}

/** `"name":...` of bytes: `name` as text, `nameBase64` where they are none. */
function bytesMember(name: string, bytes: Uint8Array | null): string {
  if (bytes === null) return `"${name}":null`;
  const text = utf8Of(bytes);
  return text === null
    ? `"${name}Base64":${JSON.stringify(Buffer.from(bytes).toString('base64'))}`
    : `"${name}":${JSON.stringify(text)}`;
}

/**
 * A record as one JSON object. The value is `value` where it is JSON, with its digits as they were
 * sent; `text` where it is other text; `valueBase64` where it is no text; `value` null and
 * `tombstone` true where there is none.
 */
export function jsonLineOf({ partition, offset, timestampMs, key, headers, value }: LogRecord): string {
  const members = [
    `"partition":${partition}`,
    `"offset":${offset}`,
    `"timestamp":"${new Date(timestampMs).toISOString()}"`,
    bytesMember('key', key),
    ...(headers.length === 0
      ? []
      : [
          `"headers":[${headers.map(({ key: name, value: bytes }) => `{"name":${JSON.stringify(name)},${bytesMember('value', bytes)}}`).join(',')}]`,
        ]),
    value === null ? '"value":null,"tombstone":true' : valueMember(value),
  ];
  return safeJson(`{${members.join(',')}}`);
}

function valueMember(value: Uint8Array): string {
  const json = jsonTextOf(value);
  if (json !== null) return `"value":${json}`;
  const text = utf8Of(value);
  return text === null ? bytesMember('value', value) : `"text":${JSON.stringify(text)}`;
}
