/**
 * Runs `task` over `items` with at most `limit` under way. Resolves when all are done. After a
 * failure nothing new is started, and the first error is thrown once those under way have settled,
 * so that no write goes on behind the caller's back.
 */
export async function eachOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const failures: unknown[] = [];
  let exhausted = false;
  const worker = async (): Promise<void> => {
    while (!exhausted && failures.length === 0) {
      try {
        const { done, value } = await iterator.next();
        if (done) exhausted = true;
        else await task(value);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
}

/** Maps with at most `limit` under way, results in the order of the items. */
export async function mapOf<T, R>(items: readonly T[], limit: number, task: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  await eachOf(items.entries(), limit, async ([index, item]) => {
    results[index] = await task(item);
  });
  return results;
}
