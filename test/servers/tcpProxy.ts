import { once } from 'node:events';
import net from 'node:net';
import { portOf } from './serverProcess.ts';

/** What stands between a client and a server whose wire can't be read: it passes bytes on, or does not. */
export interface TcpProxy {
  readonly port: number;
  /** How many connections it accepted since it runs. */
  connections(): number;
  /** How many bytes clients have sent. */
  sent(): number;
  /** Ends every connection there is. */
  cut(): void;
  /** Ends every connection once so many more bytes have come from clients; what came until then is passed on, the answer is not. */
  cutAfter(bytes: number): void;
  /** From now on nothing is passed on, in either direction. */
  silence(): void;
  stop(): Promise<void>;
}

/** Starts one on 127.0.0.1 in front of a port there. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<{ end(): void }>();
  let connections = 0;
  let sent = 0;
  let limit = Number.POSITIVE_INFINITY;
  let silent = false;
  const cut = () => {
    for (const pair of pairs) pair.end();
  };
  const server = net.createServer((client) => {
    connections++;
    const upstream = net.connect(target, '127.0.0.1');
    const pair = {
      end() {
        client.destroy();
        upstream.destroy();
        pairs.delete(pair);
      },
    };
    pairs.add(pair);
    client.on('data', (data) => {
      sent += data.length;
      if (!silent) upstream.write(data);
      if (sent < limit) return;
      limit = Number.POSITIVE_INFINITY;
      upstream.pause();
      // The server is to get what was sent before it loses its client.
      upstream.end();
      client.destroy();
    });
    upstream.on('data', (data) => {
      if (!silent) client.write(data);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => pair.end());
      socket.on('close', () => pair.end());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server.address()),
    connections: () => connections,
    sent: () => sent,
    cut,
    cutAfter(bytes) {
      limit = sent + bytes;
    },
    silence() {
      silent = true;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
