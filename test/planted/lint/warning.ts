export function planted(values: readonly number[]): number | undefined {
  return values.at(-1)!;
}
