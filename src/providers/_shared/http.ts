import dns from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import tls from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { type ErrorFacts, type ErrorKind, StorageError } from '../../core/errors.ts';
import type { Network } from '../../core/provider.ts';

/** Time limits of one request, in milliseconds. */
export const timeLimits = { connect: 10_000, firstByte: 30_000, idle: 30_000 } as const;

/** How far a server's certificate is trusted. */
export interface Trust {
  readonly verifyCertificate: boolean;
  /** PEM certificates that are trusted beside the machine's own. */
  readonly caBundle: string;
}

/**
 * The agent for one server: its proxy, its trust, connections kept alive.
 * A proxied request always goes through a CONNECT tunnel, plain http too: the absolute form that proxies
 * take otherwise would pass through a URL parser, which folds `a/../b` into `b`.
 */
export function createAgent(server: URL, network: Network, trust: Trust, maxSockets = 32): http.Agent {
  const proxy = network.proxyFor(server);
  const connections = { keepAlive: true, maxSockets, lookup: lookUpHost };
  const secure = server.protocol === 'https:' ? tlsOptions(network, trust) : {};
  if (proxy) return new TunnelAgent(proxy, secure, { ...connections, ...trusting(network.certificates) });
  return server.protocol === 'https:' ? new https.Agent({ ...connections, ...secure }) : new http.Agent(connections);
}

/** Finds a host as the machine does; every name under `localhost` is this machine, which not every resolver knows (RFC 6761). */
const lookUpHost: LookupFunction = (host, options, callback) =>
  dns.lookup(/\.localhost\.?$/i.test(host) ? 'localhost' : host, options, callback);

/** Options of every TLS connection to a server. */
export function tlsOptions(network: Network, { verifyCertificate, caBundle }: Trust): tls.ConnectionOptions {
  const extra = [...network.certificates, ...(caBundle.trim() === '' ? [] : [caBundle])];
  return { rejectUnauthorized: verifyCertificate, ...trusting(extra) };
}

/**
 * Node's own roots and more; Node's own are the default where there are no more. Read once, and not for each connection:
 * there are hundreds, and an agent that is given them as `ca` writes all of them into the name of each request's pool.
 */
function trusting(extra: readonly string[]): tls.ConnectionOptions {
  const minVersion = 'TLSv1.2';
  if (extra.length === 0) return { minVersion };
  return {
    secureContext: tls.createSecureContext({ minVersion, ca: [...tls.getCACertificates('default'), ...extra] }),
  };
}

/** What a broken connection means to a person, decided by the error's code; undefined for errors of another sort. */
export function connectionError(error: unknown, server: URL): StorageError | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const known = connectionFailures[code] ?? failureOfFamily(code);
  if (!known) return undefined;
  const facts: ErrorFacts = { hint: known.hint, detail: `${code}: ${messageOf(error)}`, cause: error };
  return new StorageError(known.kind, `${known.sentence}: ${server.host}`, facts);
}

/** The code of an error or of what caused it. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // The SDK's own time limits have a name and no code.
  if (error.name === 'TimeoutError') return error.name;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}

type Connect = HttpsProxyAgent<string>['connect'];

/**
 * A tunnel that gives the server's TLS options to the connection behind the proxy, and fails when the proxy
 * refuses: its own answer must never be taken for the server's (a 404 of the proxy is no deleted object).
 */
class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #secure: tls.ConnectionOptions;

  constructor(proxy: URL, secure: tls.ConnectionOptions, connections: http.AgentOptions) {
    super(proxy.href, connections);
    this.#secure = secure;
  }

  override async connect(request: http.ClientRequest, options: Parameters<Connect>[1]): ReturnType<Connect> {
    let status = 200;
    request.once('proxyConnect', (answer: { statusCode: number }) => {
      status = answer.statusCode;
    });
    const tunnel = super.connect(request, { ...options, ...this.#secure } as typeof options);
    const socket = await tunnel.catch((cause: unknown) => {
      // Nothing but the proxy was spoken to yet: what went wrong says nothing of the server.
      throw Object.assign(new Error(messageOf(cause), { cause }), { code: 'PROXY_BROKEN' });
    });
    if (status === 200) return socket;
    if ('destroy' in socket && typeof socket.destroy === 'function') socket.destroy();
    throw Object.assign(new Error(`The proxy answered with status ${status}.`), {
      code: status === 407 ? 'PROXY_SIGN_IN' : 'PROXY_REFUSED',
    });
  }
}

interface Failure {
  readonly kind: ErrorKind;
  readonly sentence: string;
  readonly hint: string;
}

const notTls: Failure = {
  kind: 'untrusted-server',
  sentence: 'The server does not speak TLS there',
  hint: 'If it serves plain http, turn off Secure host or begin the endpoint with http://.',
};
const notHttp: Failure = {
  kind: 'unreachable',
  sentence: 'What answers there does not speak HTTP',
  hint: 'Check the port. If it serves https, turn on Secure host or begin the endpoint with https://.',
};
const untrusted = (sentence: string): Failure => ({
  kind: 'untrusted-server',
  sentence,
  hint: 'Add the certificate of its authority as CA bundle if you trust it.',
});
const refused: Failure = {
  kind: 'unreachable',
  sentence: 'Nothing answers at this address',
  hint: 'Check the host and the port, and that the server runs.',
};
const broken: Failure = {
  kind: 'unreachable',
  sentence: 'The connection was cut',
  hint: 'Try again. If it stays so, the server may expect https where http is used.',
};
const slow: Failure = {
  kind: 'timed-out',
  sentence: 'The server did not answer in time',
  hint: 'Check the host and the port, and whether a firewall or a proxy stands between.',
};
const unknownHost: Failure = {
  kind: 'unreachable',
  sentence: 'No server has this name',
  hint: 'Check the spelling of the endpoint, and the network.',
};

const connectionFailures: Readonly<Record<string, Failure>> = {
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ECONNREFUSED: refused,
  EHOSTUNREACH: refused,
  ENETUNREACH: refused,
  EADDRNOTAVAIL: refused,
  ECONNRESET: broken,
  EPIPE: broken,
  ECONNABORTED: broken,
  ERR_STREAM_PREMATURE_CLOSE: broken,
  ETIMEDOUT: slow,
  ESOCKETTIMEDOUT: slow,
  TimeoutError: slow,
  PROXY_BROKEN: {
    kind: 'unreachable',
    sentence: "The proxy on the way can't be reached",
    hint: "Check VS Code's http.proxy setting and the proxy variables of the environment, or exempt this host in http.noProxy.",
  },
  PROXY_SIGN_IN: {
    kind: 'unreachable',
    sentence: 'The proxy asks for a sign-in before it lets through',
    hint: "Put the proxy's user and password into VS Code's http.proxy setting.",
  },
  PROXY_REFUSED: {
    kind: 'unreachable',
    sentence: 'The proxy refuses the way',
    hint: "Check VS Code's http.proxy setting, or exempt this host in http.noProxy.",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    kind: 'untrusted-server',
    sentence: "The server's certificate is for another name",
    hint: 'Use the name that stands in the certificate as endpoint.',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted("The server's certificate is signed by nobody but itself"),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted("The server's certificate comes from an unknown authority"),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted("The server's certificate comes from an unknown authority"),
  UNABLE_TO_GET_ISSUER_CERT: untrusted("The server's certificate comes from an unknown authority"),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted("The server's certificate comes from an unknown authority"),
  CERT_HAS_EXPIRED: {
    kind: 'untrusted-server',
    sentence: "The server's certificate has expired",
    hint: 'Its operator must renew it.',
  },
  CERT_NOT_YET_VALID: {
    kind: 'untrusted-server',
    sentence: "The server's certificate is not valid yet",
    hint: "Check this machine's clock.",
  },
};

/** Codes that come in families: of OpenSSL, and of the HTTP parser. */
function failureOfFamily(code: string): Failure | undefined {
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return notTls;
  return code.startsWith('HPE_') ? notHttp : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
