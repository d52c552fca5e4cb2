import { readFileSync } from 'node:fs';
import { inject } from 'vitest';
import type { Draft } from '../../src/core/fields.ts';
import type { Fault, RecordedRequest } from '../servers/faultProxy.ts';
import { rawTarget } from '../support/oddKeys.ts';
import type { SwiftAccess } from '../support/swiftGlobal.ts';
import { SwiftJudge, tempAuthToken } from '../support/swiftJudge.ts';
import type { ContractServer, ContractServers } from './contractServer.ts';

/** OpenStack Swift with its own accounts (TempAuth), plain and over TLS. */
export const contractServers: ContractServers = async () => {
  const swift = inject('swift');
  if ('unavailable' in swift) return { servers: [], missing: [swift.unavailable] };
  return { servers: [serverFor('TempAuth', swift, swift.endpoint), tlsServer(swift)], missing: [] };
};

/** What the server behind a contract server is, for suites of this provider alone. */
export interface SwiftContractServer extends ContractServer {
  readonly access: SwiftAccess;
  readonly account: string;
  readonly judge: SwiftJudge;
}

function tlsServer(swift: SwiftAccess): SwiftContractServer {
  const server = serverFor('TempAuth over TLS', swift, swift.tlsEndpoint);
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

/** Signs in at the plain server itself, and works through whatever stands in front of the other. */
function serverFor(name: string, swift: SwiftAccess, origin: string): SwiftContractServer {
  const { endpoint, user, stranger, account } = swift;
  const judge = new SwiftJudge(endpoint, account, () => tempAuthToken(endpoint, user));
  let created = 0;
  const containers = new Set<string>();
  const draft = (at: string): Draft => ({
    user: user.accessKeyId,
    key: user.secretAccessKey,
    authUrl: `${endpoint}/auth/v1.0`,
    storageUrl: `${at}${account}`,
  });
  return {
    name,
    access: swift,
    account,
    judge,
    origin,
    signInOrigin: endpoint,
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
    secrets: [user.secretAccessKey, stranger.secretAccessKey, wrongSecret],
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
      user: stranger.accessKeyId,
      key: stranger.secretAccessKey,
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
