/** No query needs deeper values, and recursive code would need a deep stack for them. */
export const NESTING_MAX = 16;

/**
 * `JSON.parse` of a text that is nested at most `NESTING_MAX` deep. @throws {SyntaxError} for any
 * other text
 */
export function parseShallowJson(text: string): unknown {
  if (isNestedTooDeep(text)) throw new SyntaxError(`JSON that is nested more than ${NESTING_MAX} deep`);
  return JSON.parse(text);
}

/** Counts brackets outside of texts. For JSON, this is the nesting depth. */
function isNestedTooDeep(text: string): boolean {
  let depth = 0;
  let isText = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isText) {
      if (character === '\\') index++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === '[' || character === '{') {
      if (++depth > NESTING_MAX) return true;
    } else if (character === ']' || character === '}') depth--;
  }
  return false;
}
