import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Frames, wholeAnswers } from './frames.ts';

const frameOf = (body: Uint8Array): Buffer => {
  const frame = Buffer.alloc(4 + body.length);
  frame.writeInt32BE(body.length);
  frame.set(body, 4);
  return frame;
};
const bodies = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 });

/** The bytes in chunks that end at these places. */
function cutAt(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (left, right) => left - right,
  );
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe('Frames', () => {
  it('gives what came, whole answers at a time, wherever the chunks end', () => {
    fc.assert(
      fc.property(bodies, fc.uint8Array({ maxLength: 10 }), fc.array(fc.nat()), (whole, torn, places) => {
        const complete = Buffer.concat(whole.map(frameOf));
        // The last answer lacks its last byte.
        const tail = frameOf(Uint8Array.of(...torn, 0)).subarray(0, -1);
        const frames = new Frames();
        const ends = new Set([0]);
        for (const body of whole) ends.add(Math.max(...ends) + 4 + body.length);
        const given: Buffer[] = [];
        for (const chunk of cutAt(Buffer.concat([complete, tail]), places)) {
          given.push(...frames.push(chunk));
          expect(ends).toContain(Buffer.concat(given).length);
        }
        expect(Buffer.concat(given).equals(complete)).toBe(true);
      }),
    );
  });

  it('refuses a length below zero', () => {
    expect(() => new Frames().push(Buffer.from([255, 255, 255, 255]))).toThrow(RangeError);
  });
});

describe('wholeAnswers', () => {
  const server = createServer();
  afterEach(() => {
    server.close();
  });

  const connected = async (): Promise<{ client: Socket; said: Buffer[]; errors: Error[]; broker: Socket }> => {
    if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    // The types require `ssl`; kafkajs omits it without TLS.
    const client = wholeAnswers({ host: '127.0.0.1', port, ssl: undefined as never, onConnect: () => undefined });
    const said: Buffer[] = [];
    const errors: Error[] = [];
    client.on('data', (data) => said.push(data));
    client.on('error', (error) => errors.push(error));
    const [broker] = (await accepted) as [Socket];
    return { client, said, errors, broker };
  };

  it('says nothing of an answer that a lost connection tore, and begins anew with the next one', async () => {
    const answer = frameOf(Buffer.from('answer'));
    const first = await connected();
    first.broker.end(Buffer.concat([answer, answer.subarray(0, 7)]));
    await once(first.client, 'close');
    expect(Buffer.concat(first.said)).toEqual(answer);

    const second = await connected();
    second.broker.end(answer);
    await once(second.client, 'close');
    expect(Buffer.concat(second.said)).toEqual(answer);
  });

  it('ends a connection whose answers make no sense, with an error that its owner sees', async () => {
    const { client, said, errors, broker } = await connected();
    broker.write(Buffer.from([128, 0, 0, 0]));
    await new Promise((resolve) => client.once('close', resolve));
    broker.destroy();
    expect([said, errors]).toEqual([[], [expect.any(RangeError)]]);
  });
});
