import { readFileSync } from 'node:fs';
import { inject } from 'vitest';
import type { Draft } from '../../src/core/fields.ts';
import type { Azurite } from '../servers/azurite.ts';
import type { Fault } from '../servers/faultProxy.ts';
import { AzureJudge } from '../support/azureJudge.ts';
import { accountSas } from '../support/azureSas.ts';
import type { AzuriteAccess } from '../support/azuriteGlobal.ts';
import { oddKeys } from '../support/oddKeys.ts';
import { endlessListing, namesDeletedBy, pathOf } from './azureBlob.requests.ts';
import type { ContractServer, ContractServers } from './contractServer.ts';

/** Azurite, plain and over TLS, by account key; and plain by a SAS token of the account. */
export const contractServers: ContractServers = async () => {
  const azurite = inject('azurite');
  if ('unavailable' in azurite) return { servers: [], missing: [azurite.unavailable] };
  const plain = serverFor('Azurite', azurite.plain);
  return { servers: [plain, bySasToken(plain, azurite.plain), tlsServer(azurite)], missing: [] };
};

/** What the server behind a contract server is, for suites of this provider alone. */
export interface AzureContractServer extends ContractServer {
  readonly judge: AzureJudge;
}

function bySasToken(plain: AzureContractServer, access: Omit<Azurite, 'stop'>): AzureContractServer {
  const sasToken = accountSas(access, { permissions: 'rwdxlcutfi' });
  const signature = new URLSearchParams(sasToken).get('sig') ?? '';
  const { accountKey: _, ...draft } = plain.draft(access.origin);
  const wrong = sasToken.replace(/sig=[^&]*/, `sig=${encodeURIComponent(wrongSecret)}`);
  return {
    ...plain,
    name: 'Azurite by SAS token',
    suites: ['listing', 'odd names', 'verification'],
    draft: (origin) => ({ ...draft, endpoint: endpointOf(access, origin), signIn: 'sas', sasToken }),
    changes: { ...plain.changes, wrongSecret: { sasToken: wrong }, unknownAccount: { ...unknownAt(access), sasToken } },
    secrets: [sasToken, signature, wrongSecret],
  };
}

function tlsServer({ secure, caFile, certificates }: AzuriteAccess): AzureContractServer {
  const server = serverFor('Azurite over TLS', secure, caFile);
  const caBundle = readFileSync(caFile, 'utf8');
  return {
    ...server,
    spared: ['planned removal'],
    caFile,
    badCertificates: certificates,
    draft: (origin) => ({ ...server.draft(origin), caBundle }),
    strangerTo: async (container) => ({ ...(await server.strangerTo(container)), caBundle }),
  };
}

function serverFor(name: string, access: Omit<Azurite, 'stop'>, caFile?: string): AzureContractServer {
  const { account, accountKey, origin } = access;
  const judge = new AzureJudge(access, caFile);
  let created = 0;
  const containers = new Set<string>();
  return {
    name,
    judge,
    origin,
    target: (container, id) => pathOf(account, container, id),
    deletedBy: namesDeletedBy,
    refused,
    unstorable,
    faults: { slowDown, endless: endlessListing },
    draft: (at): Draft => ({ account, accountKey, endpoint: endpointOf(access, at) }),
    changes: {
      wrongSecret: { accountKey: wrongSecret },
      unknownAccount: unknownAt(access),
      unverified: { verifyCertificate: false },
      trust: (caBundle) => ({ caBundle }),
      only: (container) => ({ container }),
    },
    secrets: [accountKey, wrongSecret],
    async createContainer() {
      const container = `contract-${process.pid}-${Date.now().toString(36)}-${++created}`;
      await judge.demand({ method: 'PUT', container, query: { restype: 'container' } });
      containers.add(container);
      return container;
    },
    async removeContainer(container) {
      await judge.demand({ method: 'DELETE', container, query: { restype: 'container' } });
    },
    async cleanUp() {
      for (const container of containers) {
        await judge.ask({ method: 'DELETE', container, query: { restype: 'container' } });
        containers.delete(container);
      }
    },
    put: (container, id, body = 'x') => judge.put(container, id, body),
    ids: (container) => judge.names(container),
    async lock(container, ids) {
      const headers = { 'x-ms-lease-action': 'acquire', 'x-ms-lease-duration': '-1' };
      for (const id of ids) await judge.demand({ method: 'PUT', container, id, query: { comp: 'lease' }, headers });
    },
    async strangerTo(container) {
      const sasToken = accountSas(access, { permissions: 'r' });
      return { account, endpoint: endpointOf(access, origin), signIn: 'sas', sasToken, container };
    },
  };
}

function endpointOf({ account }: Pick<Azurite, 'account'>, origin: string): string {
  return `${origin}/${account}`;
}

function unknownAt({ origin }: Pick<Azurite, 'origin'>): Draft {
  return { account: 'unknownaccount', endpoint: `${origin}/unknownaccount` };
}

const slowDown: Fault = {
  kind: 'status',
  status: 503,
  headers: { 'x-ms-error-code': 'ServerBusy', 'x-ms-request-id': 'of-a-fault' },
  body: '<?xml version="1.0" encoding="utf-8"?><Error><Code>ServerBusy</Code><Message>Busy</Message></Error>',
};

const wrongSecret = Buffer.from('a wrong key of sixty-four bytes, as account keys are, 0123456789').toString('base64');

/** Names that Azure takes for others: it folds segments of dots, and turns backslashes into slashes. */
const refused = new Set(
  oddKeys.filter((key) => key.includes('\\') || key.split('/').some((part) => part === '.' || part === '..')),
);

/** Once it holds one of these, which XML can't carry, Azurite answers every listing of the container with status 500. */
const unstorable = new Set(oddKeys.filter((key) => key.includes('\0') || key.includes('\uffff')));
