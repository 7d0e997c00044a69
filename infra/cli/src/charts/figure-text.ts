/** A measured number with at most five significant digits. */
export function figureText(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString('en-US');
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return value.toExponential(3);
  return value.toLocaleString('en-US', { maximumSignificantDigits: size >= 1e4 ? 7 : 5 });
}

export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
