import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { assertFree, loopback, savedPorts } from './ports.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bifold-ports-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const listening = async (port: number) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, loopback, resolve));
  return { close: () => new Promise((resolve) => server.close(resolve)) };
};

describe('ports of a cloud', () => {
  it('are chosen once, all different, and kept', async () => {
    const file = join(dir, 'ports.json');
    const first = await savedPorts(file);
    expect(new Set(Object.values(first)).size).toBe(Object.keys(first).length);
    expect(await savedPorts(file)).toEqual(first);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(first);
  });

  it('are the same for two that choose at the same time', async () => {
    const file = join(dir, 'ports.json');
    const [left, right] = await Promise.all([savedPorts(file), savedPorts(file)]);
    expect(left).toEqual(right);
  });

  it('pass over what is taken', async () => {
    const first = await savedPorts(join(dir, 'a.json'), sequence());
    const taken = await listening(first.kafka);
    try {
      const second = await savedPorts(join(dir, 'b.json'), sequence());
      expect(Object.values(second)).not.toContain(first.kafka);
    } finally {
      await taken.close();
    }
  });

  it('are not moved when a stranger took one: the error names it', async () => {
    const ports = await savedPorts(join(dir, 'ports.json'));
    const stranger = await listening(ports.cassandra);
    try {
      await expect(assertFree('cassandra', { cql: ports.cassandra }, 'ports.json')).rejects.toMatchObject({
        code: 'BIFOLD_PORT_TAKEN',
        message: expect.stringContaining(String(ports.cassandra)),
      });
    } finally {
      await stranger.close();
    }
  });
});

/** The same numbers for each caller, far apart. */
const sequence = () => {
  let at = 0;
  return () => {
    at += 1;
    return (at * 0.0137) % 1;
  };
};
