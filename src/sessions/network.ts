import tls from 'node:tls';
import { StorageError } from '../core/errors.ts';
import type { Network } from '../core/provider.ts';

/** What VS Code's http settings and the environment say about the way out. */
export interface NetworkSettings {
  /** `http.proxySupport`. */
  readonly proxySupport: string;
  /** `http.proxy`. */
  readonly proxy: string;
  /** `http.noProxy`. */
  readonly noProxy: readonly string[];
  /** `http.systemCertificates`. */
  readonly systemCertificates: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The network as settings and environment describe it. Settings win; this machine itself is never reached by proxy. */
export function createNetwork(settings: NetworkSettings, environment: Environment): Network {
  let certificates: readonly string[] | undefined;
  return {
    proxyFor: (url) => proxyFor(url, settings, environment),
    // Reading the system's store takes tens of milliseconds: not before the first connection.
    get certificates() {
      certificates ??= settings.systemCertificates ? tls.getCACertificates('system') : [];
      return certificates;
    },
  };
}

function proxyFor(url: URL, settings: NetworkSettings, environment: Environment): URL | undefined {
  if (settings.proxySupport === 'off' || isThisMachine(url.hostname)) return undefined;
  const written = settings.proxy || variable(environment, url.protocol === 'https:' ? 'https_proxy' : 'http_proxy');
  if (written === '') return undefined;
  const exempt = [...settings.noProxy, ...variable(environment, 'no_proxy').split(/[\s,]+/)];
  if (exempt.some((pattern) => covers(pattern, url))) return undefined;
  return parseProxy(written);
}

/** A proxy that can't be used is an error: going round it in silence could show a secret to the wrong network. */
function parseProxy(written: string): URL {
  const proxy = /^[a-z0-9]+:\/\//i.test(written) ? written : `http://${written}`;
  const hint = "Mend VS Code's http.proxy setting, or the proxy variables of the environment.";
  if (!URL.canParse(proxy)) throw new StorageError('invalid-settings', 'The address of the proxy is no URL.', { hint });
  const url = new URL(proxy);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new StorageError('unsupported', `Proxies of this kind can't be used: ${url.protocol}//`, { hint });
}

/** Curl's rule: a host covers itself and all below it; a port, where given, must be the same; `*` covers everything. */
function covers(pattern: string, url: URL): boolean {
  if (pattern === '*') return true;
  const [, host = '', port] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(pattern.trim().toLowerCase()) ?? [];
  if (host === '' || (port !== undefined && port !== portOf(url))) return false;
  return url.hostname === host || url.hostname.endsWith(`.${host}`);
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80');
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname);
}

function variable(environment: Environment, name: string): string {
  return environment[name] ?? environment[name.toUpperCase()] ?? '';
}
