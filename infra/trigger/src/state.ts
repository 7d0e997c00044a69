import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KafkaMapping, RefusedMapping } from './mapping.ts';

/** The state of one partition of a mapping. Offsets are positions: the next record to process. */
export interface PartitionState {
  /** Records from the committed position to the log's end; null until the end is known. */
  lag: number | null;
  endOffset: number | null;
  /** Up to where records were consumed. */
  position: number;
  /** Up to where this process committed, or found committed. */
  committed: number;
  /** Records consumed and waiting. */
  waiting: number;
  /** Records of the batch being invoked, 0 if none is. */
  inFlight: number;
  recordsInvoked: number;
  recordsRedelivered: number;
}

/**
 * Milliseconds of wall time, summed; invocations run side by side, so `invoke` may exceed the time
 * that passed.
 */
interface StageTimes {
  consume: number;
  envelope: number;
  invoke: number;
  commit: number;
}

/**
 * `blocked`: the log holds a batch that cannot be decoded; `reason` says how to go on. Nothing is
 * skipped.
 */
export type MappingStatus =
  | 'starting'
  | 'polling'
  | 'retrying'
  | 'disconnected'
  | 'blocked'
  | 'disabled'
  | 'stopping'
  | 'refused';

export interface MappingState {
  readonly uuid: string;
  readonly functionArn: string;
  readonly topic: string | null;
  readonly groupId: string | null;
  status: MappingStatus;
  /** In a sentence, why the status is what it is; null if there is nothing to say. */
  reason: string | null;
  /** The texts of AWS: "No records processed", "OK", "PROBLEM: ...". */
  lastProcessingResult: string;
  lag: number | null;
  invocationsInFlight: number;
  invocations: number;
  failures: number;
  /** Records of invocations that succeeded. */
  recordsInvoked: number;
  /** Records of attempts after a failed one: each record counts once an attempt. */
  recordsRedelivered: number;
  /** Times a group assignment was received. */
  assignments: number;
  /** Records that the broker deleted before they could be consumed. */
  recordsLostToRetention: number;
  readonly stageMs: StageTimes;
  readonly partitions: Record<number, PartitionState>;
}

export interface TriggerState {
  /** Whether the last ListEventSourceMappings was answered; null before the first. */
  lambdaApi: { reachable: boolean | null; reason: string | null };
  mappings: readonly MappingState[];
}

export function mappingState(mapping: KafkaMapping | RefusedMapping): MappingState {
  return {
    uuid: mapping.uuid,
    functionArn: mapping.functionArn,
    topic: mapping.kind === 'kafka' ? mapping.topic : null,
    groupId: mapping.kind === 'kafka' ? mapping.groupId : null,
    status: mapping.kind === 'refused' ? 'refused' : mapping.enabled ? 'starting' : 'disabled',
    reason: mapping.kind === 'refused' ? mapping.reason : null,
    lastProcessingResult: 'No records processed',
    lag: null,
    invocationsInFlight: 0,
    invocations: 0,
    failures: 0,
    recordsInvoked: 0,
    recordsRedelivered: 0,
    assignments: 0,
    recordsLostToRetention: 0,
    stageMs: { consume: 0, envelope: 0, invoke: 0, commit: 0 },
    partitions: {},
  };
}

/**
 * The evidence that a web page sent a request: the header and its value. Null for every other
 * request. A name that a site owns can resolve to 127.0.0.1, which shows in the host. `same-site`
 * covers every port of this machine, so it is foreign too.
 */
function foreign({ headers, socket }: IncomingMessage): { readonly header: string; readonly value: string } | null {
  const own = ['127.0.0.1', 'localhost'].map((name) => `${name}:${socket.localPort}`);
  const { host = 'none', origin, 'sec-fetch-site': site } = headers;
  if (!own.includes(host.toLowerCase())) return { header: 'Host', value: host };
  if (origin !== undefined && !own.some((address) => origin === `http://${address}`))
    return { header: 'Origin', value: origin };
  if (site !== undefined && site !== 'none' && site !== 'same-origin')
    return { header: 'Sec-Fetch-Site', value: String(site) };
  return null;
}

export function partitionState(
  position: number,
  before: PartitionState | undefined,
  isInFlight: boolean,
): PartitionState {
  return {
    lag: before?.lag ?? null,
    endOffset: before?.endOffset ?? null,
    position,
    committed: position,
    waiting: 0,
    inFlight: isInFlight ? (before?.inFlight ?? 0) : 0,
    recordsInvoked: before?.recordsInvoked ?? 0,
    recordsRedelivered: before?.recordsRedelivered ?? 0,
  };
}

/** The next offset of each partition: one of them begins the batch that blocks a mapping. */
export function positionsOf({ partitions }: MappingState): Record<string, number> {
  return Object.fromEntries(Object.entries(partitions).map(([partition, { position }]) => [partition, position]));
}

/**
 * `GET /state`: the state as JSON. `GET /health`: 200 once the mappings were read for the first
 * time, else 503.
 */
export async function serveState(port: number, read: () => TriggerState): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const found = foreign(request);
    const state = read();
    const isReady = state.lambdaApi.reachable !== null;
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
    };
    if (found !== null)
      answer(403, {
        code: 'TRIGGER_FOREIGN_REQUEST',
        failed: 'the state of the trigger is not shown to web pages',
        received: `${found.header}: ${found.value.slice(0, 200)}`,
        allowed: 'requests of programs, and of pages that the trigger itself serves',
        remedy: 'send the request from a program',
      });
    else if (request.url === '/state') answer(200, state);
    else if (request.url === '/health') answer(isReady ? 200 : 503, { ready: isReady, lambdaApi: state.lambdaApi });
    else answer(404, { allowed: ['/state', '/health'] });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}
