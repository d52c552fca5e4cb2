import { once } from 'node:events';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { portOf } from './serverProcess.ts';

/** A forward proxy that tunnels CONNECT and passes absolute-form requests on, counting both. */
export interface ConnectProxy {
  /** `http://127.0.0.1:port`, without credentials. */
  readonly url: string;
  /** Everything asked for, refused or not: `CONNECT host:port` or `GET http://host/…`. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

export interface ConnectProxyOptions {
  /** Without them it answers 407. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The status that it answers to all. */
  readonly refuse?: number;
  /** Ports of this machine that stand in for other servers, by `host:port`. */
  readonly standIns?: Readonly<Record<string, number>>;
  /** Hosts that it alone can find, and the origin behind each. */
  readonly hosts?: Readonly<Record<string, string>>;
}

/** Starts a forward proxy on 127.0.0.1. */
export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const requests: string[] = [];
  const tunnels = new Set<Socket>();

  const admit = (request: http.IncomingMessage): number | undefined => {
    requests.push(`${request.method} ${request.url}`);
    if (!isAuthorized(request, options.credentials)) return 407;
    return options.refuse;
  };

  const server = http.createServer((request, response) => {
    const refusal = admit(request);
    if (refusal === undefined) return passOn(request, response);
    response.writeHead(refusal, refusal === 407 ? { 'proxy-authenticate': 'Basic realm="proxy"' } : {});
    response.end();
  });

  server.on('connect', (request: http.IncomingMessage, client: Socket, head: Buffer) => {
    client.on('error', () => client.destroy());
    const refusal = admit(request);
    if (refusal !== undefined) {
      const challenge = refusal === 407 ? 'Proxy-Authenticate: Basic realm="proxy"\r\n' : '';
      client.end(
        `HTTP/1.1 ${refusal} ${http.STATUS_CODES[refusal] ?? 'Refused'}\r\n${challenge}Content-Length: 0\r\n\r\n`,
      );
      return;
    }
    const standIn = options.standIns?.[request.url ?? ''];
    const asked = new URL(`tcp://${standIn === undefined ? request.url : `127.0.0.1:${standIn}`}`);
    const target = new URL(options.hosts?.[asked.hostname] ?? asked);
    const upstream = connect(Number(target.port), target.hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    for (const socket of [client, upstream]) {
      tunnels.add(socket);
      socket.on('close', () => tunnels.delete(socket));
    }
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    requests,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      for (const socket of tunnels) socket.destroy();
      await closed;
    },
  };
}

function isAuthorized(request: http.IncomingMessage, expected?: { username: string; password: string }): boolean {
  if (expected === undefined) return true;
  const token = Buffer.from(`${expected.username}:${expected.password}`).toString('base64');
  return request.headers['proxy-authorization'] === `Basic ${token}`;
}

function passOn(request: http.IncomingMessage, response: http.ServerResponse): void {
  const [, host = '', path = '/'] = /^http:\/\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? [];
  const target = new URL(`http://${host}`);
  const outgoing = http.request({
    host: target.hostname,
    port: target.port === '' ? 80 : Number(target.port),
    method: request.method ?? 'GET',
    path: path === '' ? '/' : path,
    headers: request.rawHeaders,
    setHost: false,
  });
  outgoing.on('response', (incoming) => {
    response.writeHead(incoming.statusCode ?? 502, incoming.rawHeaders);
    incoming.pipe(response);
  });
  outgoing.on('error', () => {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
  request.pipe(outgoing);
}
