/** Answers above this are fetched records; those that name brokers are far below. */
const NAMING_BYTES_MAX = 64 * 1024;
const LENGTH_BYTES = 4;

/**
 * Rewrites the broker's address in its responses to that of a proxy. Clients connect to the address
 * that a broker reports, so they would bypass the proxy. Host and port are adjacent in every
 * version of these responses. The replacement has the same length, so the rest of a response need
 * not be parsed.
 */
export function brokerMoved(host: string, brokerPort: number): (proxyPort: number) => (chunk: Buffer) => Buffer {
  const named = address(host, brokerPort);
  return (proxyPort) => {
    const instead = address(host, proxyPort);
    let held: Buffer = Buffer.alloc(0);
    let passing = 0;
    return (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const said: Buffer[] = [];
      for (;;) {
        if (passing > 0) {
          const part = held.subarray(0, passing);
          said.push(part);
          passing -= part.length;
          held = held.subarray(part.length);
        }
        if (held.length < LENGTH_BYTES) break;
        const sizeBytes = LENGTH_BYTES + held.readInt32BE(0);
        if (sizeBytes > NAMING_BYTES_MAX) {
          passing = sizeBytes;
          continue;
        }
        if (held.length < sizeBytes) break;
        said.push(replaced(held.subarray(0, sizeBytes), named, instead));
        held = held.subarray(sizeBytes);
      }
      return Buffer.concat(said);
    };
  };
}

function address(host: string, port: number): Buffer {
  const bytes = Buffer.alloc(host.length + 4);
  bytes.write(host, 'latin1');
  bytes.writeInt32BE(port, host.length);
  return bytes;
}

function replaced(answer: Buffer, named: Buffer, instead: Buffer): Buffer {
  let at = answer.indexOf(named);
  if (at < 0) return answer;
  const changed = Buffer.from(answer);
  for (; at >= 0; at = changed.indexOf(named, at + named.length)) instead.copy(changed, at);
  return changed;
}
