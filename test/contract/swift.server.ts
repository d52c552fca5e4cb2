import { readFileSync } from 'node:fs';
import { inject } from 'vitest';
import type { Draft } from '../../src/core/fields.ts';
import type { Fault, RecordedRequest } from '../servers/faultProxy.ts';
import { startKeystone } from '../servers/keystone.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import { rawTarget } from '../support/oddKeys.ts';
import type { SwiftAccess } from '../support/swiftGlobal.ts';
import { SwiftJudge, tempAuthToken } from '../support/swiftJudge.ts';
import type { ContractServer, ContractServers } from './contractServer.ts';

/** OpenStack Swift with its own accounts (TempAuth), plain and over TLS, and with those of a Keystone. */
export const contractServers: ContractServers = async (suite) => {
  const swift = inject('swift');
  if ('unavailable' in swift) return { servers: [], missing: [swift.unavailable] };
  const servers = [serverFor('TempAuth', swift, swift.endpoint, tempAuthAccount(swift)), tlsServer(swift)];
  if (!onKeystone.includes(suite)) return { servers, missing: [] };
  try {
    return { servers: [...servers, await keystoneServer(swift)], missing: [] };
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    return { servers, missing: [error.message] };
  }
};

/** It takes a while to start, and all but signing in is the same. */
const onKeystone: readonly string[] = ['removal'];

/** What the server behind a contract server is, for suites of this provider alone. */
export interface SwiftContractServer extends ContractServer {
  readonly access: SwiftAccess;
  readonly account: string;
  readonly judge: SwiftJudge;
}

function tlsServer(swift: SwiftAccess): SwiftContractServer {
  const server = serverFor('TempAuth over TLS', swift, swift.tlsEndpoint, tempAuthAccount(swift));
  const caBundle = readFileSync(swift.caFile, 'utf8');
  return {
    ...server,
    suites: ['listing', 'verification', 'bad days'],
    caFile: swift.caFile,
    badCertificates: swift.certificates,
    draft: (origin) => ({ ...server.draft(origin), caBundle }),
    strangerTo: async (container) => ({ ...(await server.strangerTo(container)), caBundle }),
  };
}

async function keystoneServer(swift: SwiftAccess): Promise<SwiftContractServer> {
  const keystone = await startKeystone(swift);
  const { authUrl, endpoint, account, user, stranger, project } = keystone;
  return {
    ...serverFor('Keystone', swift, endpoint, {
      account,
      judge: new SwiftJudge(endpoint, account, () => keystone.token()),
      user: { user: user.name, key: user.password },
      stranger: { user: stranger.name, key: stranger.password },
      signIn: { authUrl, authVersion: '3', tenantName: project.name },
    }),
    suites: onKeystone,
    stop: () => keystone.stop(),
  };
}

/** An account of a Swift, and who is who in it. */
interface Account {
  readonly account: string;
  readonly judge: SwiftJudge;
  readonly user: { readonly user: string; readonly key: string };
  readonly stranger: { readonly user: string; readonly key: string };
  /** How to sign in, beside the user. */
  readonly signIn: Draft & { readonly authUrl: string };
}

function tempAuthAccount({ endpoint, account, user, stranger }: SwiftAccess): Account {
  return {
    account,
    judge: new SwiftJudge(endpoint, account, () => tempAuthToken(endpoint, user)),
    user: { user: user.accessKeyId, key: user.secretAccessKey },
    stranger: { user: stranger.accessKeyId, key: stranger.secretAccessKey },
    signIn: { authUrl: `${endpoint}/auth/v1.0` },
  };
}

/** Signs in at the server itself, and works through whatever stands in front of `origin`. */
function serverFor(
  name: string,
  swift: SwiftAccess,
  origin: string,
  { account, judge, user, stranger, signIn }: Account,
): SwiftContractServer {
  let created = 0;
  const containers = new Set<string>();
  const draft = (at: string): Draft => ({ ...user, ...signIn, storageUrl: `${at}${account}` });
  return {
    name,
    access: swift,
    account,
    judge,
    origin,
    signInOrigin: new URL(signIn.authUrl).origin,
    target: (container, id) => `${account}${id === '' ? `/${container}` : rawTarget(container, id)}`,
    deletedBy: (request) => namesDeletedBy(account, request),
    faults: { slowDown, endless: (page) => page },
    draft,
    changes: {
      wrongSecret: { key: wrongSecret },
      unknownAccount: { user: 'test:nobody' },
      unverified: { verifyCertificate: false },
      trust: (caBundle) => ({ caBundle }),
      only: (container) => ({ container }),
    },
    secrets: [user.key, stranger.key, wrongSecret],
    async createContainer() {
      const container = `contract-${process.pid}-${Date.now().toString(36)}-${++created}`;
      await judge.demand({ method: 'PUT', container });
      containers.add(container);
      return container;
    },
    removeContainer: (container) => judge.clear(container),
    async cleanUp() {
      for (const container of containers) {
        await judge.clear(container);
        containers.delete(container);
      }
    },
    put: (container, id, body) => judge.put(container, id, body),
    ids: (container) => judge.names(container),
    strangerTo: async (container) => ({
      ...draft(origin),
      ...stranger,
      container,
    }),
  };
}

const slowDown: Fault = { kind: 'status', status: 498, headers: { 'x-trans-id': 'of-a-fault' } };
const wrongSecret = 'a wrong password of thirty-two characters';

/** The names that a request deletes: the one in its path, or those in its lines. */
function namesDeletedBy(account: string, { method, target, body = '' }: RecordedRequest): readonly string[] {
  const [path = '', query = ''] = target.split('?');
  if (method === 'DELETE' && path.startsWith(`${account}/`)) return nameIn(path.slice(account.length));
  if (method !== 'POST' || path !== account || !query.split('&').includes('bulk-delete')) return [];
  return body.split('\n').flatMap(nameIn);
}

/** The name in a path, decoded byte by byte and not as a URL. */
function nameIn(path: string): readonly string[] {
  const [, encoded] = /^\/[^/]+\/(.+)$/.exec(path) ?? [];
  if (encoded === undefined) return [];
  const bytes = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [Buffer.from(bytes, 'latin1').toString('utf8')];
}
