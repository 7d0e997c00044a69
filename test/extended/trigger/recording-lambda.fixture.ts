import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A record as an event of AWS holds it. */
interface EventRecord {
  topic: string;
  partition: number;
  offset: number;
  timestamp: number;
  timestampType: string;
  key?: string;
  value: string | null;
  headers: Record<string, number[]>[];
}

/** A request to invoke a function, and how it ended. */
export interface Invocation {
  readonly functionArn: string;
  readonly sizeBytes: number;
  readonly eventSource: string;
  readonly bootstrapServers: string;
  readonly partitions: ReadonlyMap<number, readonly EventRecord[]>;
  readonly atMs: number;
  end: 'pending' | 'ok' | 'failed' | 'dropped';
}

export type Ending = 'ok' | 'function-error' | 'throttle' | 'not-found' | 'unavailable' | 'hang-up';

/** A Lambda API that lists the mappings of a test, and records every invocation. */
export class RecordingLambda {
  mappings: object[] = [];
  secret = '{}';
  readonly invocations: Invocation[] = [];
  /** Partitions under way, as the API sees them. */
  readonly inFlight = new Map<number, number>();
  overlaps = 0;
  mostAtOnce = 0;
  decide: (invocation: Invocation, index: number) => Ending | Promise<Ending> = () => 'ok';
  #server: Server | null = null;
  #port = 0;

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const answer = (status: number, json: unknown, headers: Record<string, string> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
    if (request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue') {
      answer(200, { Name: 'kafka', SecretString: this.secret });
    } else if (request.url?.startsWith('/2015-03-31/event-source-mappings')) {
      answer(200, { EventSourceMappings: this.mappings });
    } else {
      const functionArn = decodeURIComponent(request.url?.split('/')[3] ?? '');
      await this.#invoked(functionArn, body, response, answer);
    }
  }

  async #invoked(
    functionArn: string,
    body: Buffer,
    response: ServerResponse,
    answer: (status: number, json: unknown, headers?: Record<string, string>) => void,
  ): Promise<void> {
    const event = JSON.parse(body.toString());
    const partitions = new Map(
      Object.values(event.records as Record<string, EventRecord[]>).map((records) => [
        (records[0] as EventRecord).partition,
        records,
      ]),
    );
    const { eventSource, bootstrapServers } = event;
    const invocation: Invocation = {
      functionArn,
      sizeBytes: body.length,
      eventSource,
      bootstrapServers,
      partitions,
      atMs: Date.now(),
      end: 'pending',
    };
    this.invocations.push(invocation);
    for (const partition of partitions.keys()) {
      const under = (this.inFlight.get(partition) ?? 0) + 1;
      this.inFlight.set(partition, under);
      if (under > 1) this.overlaps += 1;
    }
    this.mostAtOnce = Math.max(this.mostAtOnce, this.invocations.filter(({ end }) => end === 'pending').length);
    let isGone = false;
    response.once('close', () => {
      isGone = true;
    });
    const ending = await this.decide(invocation, this.invocations.length - 1);
    for (const partition of partitions.keys()) this.inFlight.set(partition, (this.inFlight.get(partition) ?? 0) - 1);
    invocation.end = isGone ? 'dropped' : ending === 'ok' ? 'ok' : 'failed';
    switch (ending) {
      case 'ok':
        return answer(200, null);
      case 'function-error':
        return answer(200, { errorMessage: 'boom' }, { 'x-amz-function-error': 'Unhandled' });
      case 'throttle':
        return answer(429, { message: 'Rate exceeded' }, { 'x-amzn-errortype': 'TooManyRequestsException' });
      case 'not-found':
        return answer(404, { Message: 'no such function' }, { 'x-amzn-errortype': 'ResourceNotFoundException' });
      case 'unavailable':
        return answer(503, { message: 'away' });
      case 'hang-up':
        response.destroy();
    }
  }

  /** Answers no invocation until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.decide = () => promise;
    return () => resolve('ok');
  }

  /** Offsets of a partition as they were sent, attempt by attempt. */
  attempts(partition: number): { offsets: number[]; end: Invocation['end'] }[] {
    return this.invocations.flatMap(({ partitions, end }) => {
      const records = partitions.get(partition);
      return records === undefined ? [] : [{ offsets: records.map(({ offset }) => offset), end }];
    });
  }

  delivered(partition: number): number[] {
    return this.attempts(partition).flatMap(({ offsets, end }) => (end === 'ok' ? offsets : []));
  }
}
