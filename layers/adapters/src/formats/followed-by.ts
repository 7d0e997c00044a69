/**
 * Items that were read already, then the rest. A reader that stops also ends the rest. The array
 * is emptied, so that it does not hold the items until the end.
 */
export async function* followedBy<T>(first: T[], rest: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    yield* first.splice(0);
    yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    await rest.return?.();
  }
}
