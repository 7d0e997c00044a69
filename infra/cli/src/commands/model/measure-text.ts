/** A measure of a version, as commands print it; nothing for one that was not taken. */
export function measureText(value: number | undefined): string {
  return value === undefined ? '' : value.toPrecision(6);
}
