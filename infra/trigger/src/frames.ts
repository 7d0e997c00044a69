import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory } from 'kafkajs';

/** Kafka says the length of an answer before it. https://kafka.apache.org/protocol#protocol_common */
const LENGTH_BYTES = 4;
const KEEP_ALIVE_MS = 60_000;

/** A stream of answers, cut where they end: what is there of an answer that has not come whole is kept back. */
export class Frames {
  private chunks: Buffer[] = [];
  private bytesHeld = 0;
  private bytesNeeded = LENGTH_BYTES;

  /**
   * @returns all answers that are whole now, one behind the other; null when none is
   * @throws {RangeError} where a length makes no sense: then nothing that follows can be read
   */
  push(chunk: Buffer): Buffer | null {
    this.chunks.push(chunk);
    this.bytesHeld += chunk.length;
    if (this.bytesHeld < this.bytesNeeded) return null;
    const held = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks, this.bytesHeld);
    let end = 0;
    this.bytesNeeded = LENGTH_BYTES;
    while (held.length - end >= LENGTH_BYTES) {
      const length = held.readInt32BE(end);
      if (length < 0) throw new RangeError(`an answer of Kafka with a length of ${length} bytes`);
      this.bytesNeeded = LENGTH_BYTES + length;
      if (held.length - end < this.bytesNeeded) break;
      end += this.bytesNeeded;
      this.bytesNeeded = LENGTH_BYTES;
    }
    this.chunks = end < held.length ? [held.subarray(end)] : [];
    this.bytesHeld = held.length - end;
    return end === 0 ? null : held.subarray(0, end);
  }
}

/**
 * Connections for kafkajs that hand over whole answers only. It keeps bytes that it has read for as long as the object lives that connects again and again: the first half of an
 * answer, torn by a lost connection, would stand before the answers of the next one, and all of them be read amiss, or end the process by an error that nobody can catch.
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
      // Whoever has ended a connection has given up what it may still say.
      if (socket.writableEnded) return;
      try {
        const whole = frames.push(chunk);
        if (whole !== null) listener(whole);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
  }) as Socket['on'];
  return socket;
};
