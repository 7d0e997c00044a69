import { escapedBytes, utf8Of } from '@bifold/adapters/formats';
import type { LogRecord } from '@bifold/core/engine';

/**
 * Control and format characters (including bidirectional ones), line separators, and unassigned
 * characters.
 */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu;
const NAMED: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** Text in one line. Characters that would control the terminal or be invisible are escaped. */
export function visible(text: string): string {
  return text.replace(UNSHOWABLE, (each) => NAMED[each] ?? `\\u{${(each.codePointAt(0) as number).toString(16)}}`);
}

/** Bytes in one line: as text if they are UTF-8, otherwise byte by byte. */
export function visibleBytes(bytes: Uint8Array | null): string {
  if (bytes === null) return '(null)';
  const text = utf8Of(bytes);
  if (text !== null) return visible(text);
  return escapedBytes(bytes);
}

/** The same JSON, with terminal control characters escaped. */
function safeJson(json: string): string {
  return json.replace(UNSHOWABLE, (each) =>
    Array.from({ length: each.length }, (_, unit) => `\\u${each.charCodeAt(unit).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

/** The text of a JSON value in one line. Numbers keep their digits. */
export function jsonTextOf(bytes: Uint8Array): string | null {
  const text = utf8Of(bytes);
  if (text === null) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  // JSON strings have no raw control characters, so all of them are whitespace between tokens.
  return text.replace(/[\t\n\r]/g, ' ').trim();
}

/** A JSON member of bytes: `"name":...` if they are text, otherwise `"nameBase64":...`. */
function bytesMember(name: string, bytes: Uint8Array | null): string {
  if (bytes === null) return `"${name}":null`;
  const text = utf8Of(bytes);
  return text === null
    ? `"${name}Base64":${JSON.stringify(Buffer.from(bytes).toString('base64'))}`
    : `"${name}":${JSON.stringify(text)}`;
}

/**
 * A record as one JSON object. `value` is a JSON value with its original digits. Otherwise `text`
 * has the text, or `valueBase64` the bytes. A record without a value has `value` null and
 * `tombstone` true.
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
