import { readFileSync } from 'node:fs';
import { type Certificates, createCertificates } from '../servers/certificates.ts';
import type { Fault, RecordedRequest } from '../servers/faultProxy.ts';
import { createAccount } from '../servers/gcs/accounts.ts';
import { type GcsSimulator, startGcs } from '../servers/gcs/simulator.ts';
import { isForbiddenName } from '../servers/gcs/store.ts';
import { isSendable, oddKeys } from '../support/oddKeys.ts';
import type { ContractServer, ContractServers } from './contractServer.ts';
import { textsOf } from './s3.requests.ts';

/** The simulator, plain and over TLS: no server of Google's own can run here. */
export const contractServers: ContractServers = async () => {
  const certificates = await createCertificates();
  const [plain, tls] = [await startServer(), await startServer(certificates)];
  return { servers: [plain, tls], missing: [] };
};

async function startServer(certificates?: Certificates): Promise<ContractServer> {
  const undeletable = new Set<string>();
  const gcs = await startGcs({ undeletable, ...(certificates ? { tls: certificates.server } : {}) });
  const server = serverFor(gcs, undeletable);
  if (!certificates || !gcs.tlsEndpoint) return { ...server, stop: () => gcs.stop() };
  const caBundle = readFileSync(certificates.caFile, 'utf8');
  return {
    ...server,
    name: 'the simulator over TLS',
    spared: ['planned removal'],
    origin: gcs.tlsEndpoint,
    caFile: certificates.caFile,
    badCertificates: certificates,
    draft: (origin) => ({ ...server.draft(origin), caBundle }),
    strangerTo: async (bucket) => ({ ...(await server.strangerTo(bucket)), endpoint: gcs.tlsEndpoint ?? '', caBundle }),
    stop: () => Promise.all([gcs.stop(), certificates.remove()]).then(() => undefined),
  };
}

function serverFor(gcs: GcsSimulator, undeletable: Set<string>) {
  const key = gcs.addAccount('owner');
  const stranger = gcs.addAccount('stranger', () => false);
  const { key: unregistered } = createAccount('unknown', gcs.project, key.token_uri);
  const keyFile = (content: object) => ({ serviceAccountKey: JSON.stringify(content) });
  let created = 0;
  const draft = (origin: string) => ({ ...keyFile(key), endpoint: origin });
  return {
    name: 'the simulator',
    origin: gcs.endpoint,
    target: (container: string, id: string) => `/storage/v1/b/${container}/o${id === '' ? '' : `/${encoded(id)}`}`,
    deletedBy: namesDeletedBy,
    requestsPerBatch: (_targets: number, conditional: boolean) => (conditional ? 2 : 1),
    signInOrigin: gcs.endpoint,
    refused: new Set(['.', '..']),
    unstorable: new Set(oddKeys.filter((name) => isSendable(name) && isForbiddenName(name))),
    faults: { slowDown, endless: endlessListing },
    draft,
    changes: {
      wrongSecret: keyFile({ ...key, private_key: unregistered.private_key }),
      unknownAccount: keyFile(unregistered),
      unverified: { verifyCertificate: false },
      trust: (caBundle: string) => ({ caBundle }),
      only: (bucket: string) => ({ bucket }),
    },
    secrets: [key, stranger, unregistered]
      .flatMap(({ private_key }) => bodyLines(private_key))
      .concat(gcs.tokens.marker),
    async createContainer() {
      const name = `contract-${process.pid}-${++created}`;
      gcs.store.createBucket(name, gcs.project);
      return name;
    },
    async removeContainer(name: string) {
      gcs.store.buckets.delete(name);
    },
    async put(bucket: string, name: string, body?: string) {
      gcs.store.put(bucket, name, body);
    },
    ids: async (bucket: string) => gcs.store.names(bucket),
    async refuseDeletion(bucket: string, names: readonly string[]) {
      for (const name of names) undeletable.add(`${bucket}/${name}`);
    },
    async lock(bucket: string, names: readonly string[]) {
      for (const name of names) {
        const object = gcs.store.buckets.get(bucket)?.get(name);
        if (object) object.temporaryHold = true;
      }
    },
    strangerTo: async (bucket: string) => ({ ...draft(gcs.endpoint), ...keyFile(stranger), bucket }),
  } satisfies ContractServer;
}

const slowDown: Fault = {
  kind: 'status',
  status: 429,
  body: '{"error":{"code":429,"message":"Slow down","errors":[{"reason":"rateLimitExceeded"}]}}',
};

/** The names that a request deletes: the one in its path, those in its list, or those in the paths of its parts. */
export function namesDeletedBy({ method, target, body = '' }: RecordedRequest): readonly string[] {
  const [path = '', query = ''] = target.split('?');
  if (method === 'DELETE') return nameIn(path);
  if (method !== 'POST') return [];
  if (query === 'delete') return textsOf('Key', body);
  if (path !== '/batch/storage/v1') return [];
  return [...body.matchAll(/^DELETE ([^ ?]+)/gm)].flatMap(([, inner = '']) => nameIn(inner));
}

/** A whole page that says that it goes on, always at the same place. */
function endlessListing(page: Buffer): Buffer {
  return Buffer.from(JSON.stringify({ ...JSON.parse(page.toString('utf8')), nextPageToken: 'again' }));
}

/** The name in a path, decoded byte by byte and not as a URL. */
function nameIn(path: string): readonly string[] {
  const encodedName = /^\/storage\/v1\/b\/[^/]+\/o\/([^/]+)$/.exec(path)?.[1];
  if (encodedName === undefined) return [];
  const bytes = encodedName.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [Buffer.from(bytes, 'latin1').toString('utf8')];
}

function encoded(name: string): string {
  return Array.from(Buffer.from(name, 'utf8'), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** A key is told by any of its lines. */
function bodyLines(pem: string): string[] {
  return pem.split('\n').filter((line) => line.length >= 32 && !line.startsWith('---'));
}
