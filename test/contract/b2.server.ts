import { readFileSync } from 'node:fs';
import { type B2Simulator, startB2 } from '../servers/b2/simulator.ts';
import { isForbiddenName } from '../servers/b2/store.ts';
import { type Certificates, createCertificates } from '../servers/certificates.ts';
import type { Fault, RecordedRequest } from '../servers/faultProxy.ts';
import { isSendable, oddKeys, rawTarget } from '../support/oddKeys.ts';
import type { ContractServer, ContractServers, Doing } from './contractServer.ts';

/** The simulator, plain and over TLS: no server of Backblaze's own can run here. */
export const contractServers: ContractServers = async () => {
  const certificates = await createCertificates();
  const [plain, tls] = [await startServer(), await startServer(certificates)];
  return { servers: [plain, tls], missing: [] };
};

async function startServer(certificates?: Certificates): Promise<ContractServer> {
  const undeletable = new Set<string>();
  const b2 = await startB2({ undeletable, ...(certificates ? { tls: certificates.server } : {}) });
  const server = serverFor(b2, undeletable);
  if (!certificates || !b2.tlsEndpoint) return { ...server, stop: () => b2.stop() };
  const caBundle = readFileSync(certificates.caFile, 'utf8');
  return {
    ...server,
    name: 'the simulator over TLS',
    spared: ['planned removal'],
    origin: b2.tlsEndpoint,
    caFile: certificates.caFile,
    badCertificates: certificates,
    draft: (origin) => ({ ...server.draft(origin), caBundle }),
    strangerTo: async (bucket) => ({ ...(await server.strangerTo(bucket)), endpoint: b2.tlsEndpoint ?? '', caBundle }),
    stop: () => Promise.all([b2.stop(), certificates.remove()]).then(() => undefined),
  };
}

function serverFor(b2: B2Simulator, undeletable: Set<string>) {
  const owner = b2.keys.add();
  const stranger = b2.keys.add({ capabilities: ['listBuckets'] });
  const unknown = { keyId: '0012345678901230000000099', applicationKey: 'K001unknownUnknownUnknownUnknown' };
  const wrong = 'K001wrongWrongWrongWrongWrongWrong';
  let created = 0;
  const draft = (origin: string) => ({ keyId: owner.keyId, applicationKey: owner.applicationKey, endpoint: origin });
  return {
    name: 'the simulator',
    origin: b2.endpoint,
    target: (container: string, id: string) => (id === '' ? listNames : `/file${rawTarget(container, id)}`),
    deletedBy: namesDeletedBy,
    lineFor,
    lineOf,
    proxy: { unseen: signsIn, tellsScheme: true },
    recoverable: 'yes',
    requestsPerBatch: (targets: number) => targets,
    unstorable: new Set(oddKeys.filter((name) => isSendable(name) && isForbiddenName(name))),
    faults: { slowDown, endless: endlessListing },
    draft,
    changes: {
      wrongSecret: { applicationKey: wrong },
      unknownAccount: unknown,
      unverified: { verifyCertificate: false },
      trust: (caBundle: string) => ({ caBundle }),
      only: (bucket: string) => ({ bucket }),
    },
    get secrets() {
      return [owner.applicationKey, stranger.applicationKey, unknown.applicationKey, wrong, ...b2.keys.tokens];
    },
    async createContainer() {
      const name = `contract-${process.pid}-${++created}`;
      b2.store.createBucket(name);
      return name;
    },
    async removeContainer(name: string) {
      b2.store.buckets.delete(name);
    },
    async put(bucket: string, name: string, body?: string) {
      b2.store.put(bucket, name, body);
    },
    ids: async (bucket: string) => b2.store.names(bucket),
    async refuseDeletion(bucket: string, names: readonly string[]) {
      for (const name of names) undeletable.add(`${bucket}/${name}`);
    },
    async lock(bucket: string, names: readonly string[]) {
      for (const name of names) {
        const version = b2.store.buckets.get(bucket)?.current(name);
        if (version) version.retention = { mode: 'compliance', until: Date.now() + 86_400_000 };
      }
    },
    strangerTo: async (bucket: string) => ({
      ...draft(b2.endpoint),
      keyId: stranger.keyId,
      applicationKey: stranger.applicationKey,
      bucket,
    }),
  } satisfies ContractServer;
}

const listNames = '/b2api/v4/b2_list_file_names';

const slowDown: Fault = {
  kind: 'status',
  status: 503,
  body: '{"status":503,"code":"service_unavailable","message":"c001_v0001001_t0000 is too busy"}',
};

/** Signing in, and asking by which id calls name a bucket: what a client does once. */
function signsIn({ target }: RecordedRequest): boolean {
  return /^\/b2api\/v4\/(b2_authorize_account$|b2_list_buckets\?.*\bbucketName=)/.test(target);
}

function namesDeletedBy({ method, target, body = '' }: RecordedRequest): readonly string[] {
  if (method !== 'POST' || !/\/(b2_hide_file|b2_delete_file_version)$/.test(target)) return [];
  return [(JSON.parse(body) as { fileName: string }).fileName];
}

/** Method, path, and the name where it stands elsewhere. */
function lineOf({ method, target, body }: RecordedRequest): string {
  const [path = '', query = ''] = target.split('?');
  const called = path.replace('/b2api/v4/', '');
  if (body) return `${method} ${called} ${JSON.stringify((JSON.parse(body) as { fileName: string }).fileName)}`;
  const prefix = /(?:^|&)prefix=([^&]*)(?:&|$)/.exec(query)?.[1];
  return prefix === undefined ? `${method} ${called}` : `${method} ${called} ${prefix}`;
}

function lineFor(doing: Doing, container: string, id: string): string {
  if (doing === 'delete') return `POST b2_hide_file ${JSON.stringify(id)}`;
  if (doing === 'read') return `GET /file${rawTarget(container, id)}`;
  return `GET b2_list_file_names ${rawTarget('', id).slice(2).replaceAll('/', '%2F')}`;
}

/** A whole page that says that it goes on, always at the same place. */
function endlessListing(page: Buffer): Buffer {
  return Buffer.from(JSON.stringify({ ...JSON.parse(page.toString('utf8')), nextFileName: 'again' }));
}
