import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

/** The length prefix of a response. https://kafka.apache.org/protocol#protocol_common */
const LENGTH_BYTES = 4;
const KEEP_ALIVE_MS = 60_000;

/**
 * Holds back the bytes of a response until it is complete. It copies no bytes, because responses
 * are as large as fetches.
 */
export class Frames {
  private held: Buffer[] = [];
  private bytesHeld = 0;
  /** The bytes needed for the next step: a length, or a response. */
  private bytesNeeded = LENGTH_BYTES;

  /**
   * Adds received bytes.
   * @returns the bytes of all complete responses, in order, in the received chunks
   * @throws {RangeError} if a length is impossible, because the rest is then unreadable
   */
  push(chunk: Buffer): readonly Buffer[] {
    this.held.push(chunk);
    this.bytesHeld += chunk.length;
    if (this.bytesHeld < this.bytesNeeded) return [];
    let end = 0;
    for (;;) {
      this.bytesNeeded = end + LENGTH_BYTES;
      if (this.bytesHeld < this.bytesNeeded) break;
      const length = this.lengthAt(end);
      if (length < 0) throw new RangeError(`an answer of Kafka with a length of ${length} bytes`);
      this.bytesNeeded += length;
      if (this.bytesHeld < this.bytesNeeded) break;
      end = this.bytesNeeded;
    }
    this.bytesNeeded -= end;
    return this.take(end);
  }

  private lengthAt(position: number): number {
    const bytes: number[] = [];
    let start = 0;
    for (const chunk of this.held) {
      const from = Math.max(0, position + bytes.length - start);
      if (bytes.length === 0 && from + LENGTH_BYTES <= chunk.length) return chunk.readInt32BE(from);
      for (let at = from; at < chunk.length && bytes.length < LENGTH_BYTES; at++) bytes.push(chunk[at] as number);
      if (bytes.length === LENGTH_BYTES) break;
      start += chunk.length;
    }
    return Buffer.from(bytes).readInt32BE();
  }

  /** Takes the first bytes; the rest stays. */
  private take(size: number): readonly Buffer[] {
    if (size === 0) return [];
    const taken = this.held;
    const last = taken.at(-1) as Buffer;
    this.bytesHeld -= size;
    this.held = this.bytesHeld === 0 ? [] : [last.subarray(last.length - this.bytesHeld)];
    taken[taken.length - 1] = last.subarray(0, last.length - this.bytesHeld);
    return taken;
  }
}

/**
 * Connections for kafkajs that pass on complete responses only. kafkajs keeps received bytes across
 * reconnections. Half a response of a lost connection would precede the responses of the next one.
 * All of them would be misread, or end the process by an uncatchable error.
 */
export const wholeAnswers: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket: Socket = ssl
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : connect({ host, port }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const on = socket.on.bind(socket);
  socket.on = ((event: string, listener: (data: Buffer) => void) => {
    if (event !== 'data') return on(event, listener);
    const frames = new Frames();
    return on('data', (chunk: Buffer) => {
      // The caller has ended the connection, so its remaining bytes are dropped.
      if (socket.writableEnded) return;
      try {
        for (const whole of frames.push(chunk)) listener(whole);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
  }) as Socket['on'];
  return socket;
};
