/** Clients of services. Each connects at its first use, and all are closed together. */
export class ClientPool {
  readonly #clients = new Map<string, Promise<unknown>>();
  readonly #closing: (() => Promise<unknown>)[] = [];

  /** The client of this name, which is always of one type; a failed connection is not repeated. */
  get<T>(name: string, connect: () => Promise<T>, close: (client: T) => unknown): Promise<T> {
    const known = this.#clients.get(name) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const client = connect();
    this.#clients.set(name, client);
    this.#closing.push(() => client.then(close, () => undefined));
    return client;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#closing.map((close) => close()));
  }
}
