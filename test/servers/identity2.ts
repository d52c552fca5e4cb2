import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { tempAuthToken } from '../support/swiftJudge.ts';
import { portOf } from './serverProcess.ts';
import type { Swift } from './swift.ts';

/** A simulated identity service of version 2 in front of a Swift, whose own tokens it hands out. */
export interface Identity2 {
  /** `http://127.0.0.1:port/v2.0` */
  readonly authUrl: string;
  /** What every sign-in was asked with, in their order. */
  readonly asked: readonly Asked2[];
  stop(): Promise<void>;
}

/** What a sign-in says: https://docs.openstack.org/keystone/queens/contributor/http-api.html (read November 2026). */
export interface Asked2 {
  readonly passwordCredentials?: { readonly username?: string; readonly password?: string };
  readonly 'RAX-KSKEY:apiKeyCredentials'?: { readonly username?: string; readonly apiKey?: string };
  readonly token?: { readonly id?: string };
  readonly tenantName?: string;
  readonly tenantId?: string;
}

/** What the simulator knows. */
export interface Accounts2 {
  readonly user: string;
  readonly password?: string;
  /** As at Rackspace: https://docs-ospc.rackspace.com/cloud-identity/v2 (read November 2026). */
  readonly apiKey?: string;
  readonly tenant: { readonly id: string; readonly name: string };
}

/**
 * Starts the simulator; no release of Keystone that runs here speaks version 2 any more. Like the real one it gives a catalog only
 * for a tenant, answers 400 to what it can't read, and 401 to what it does not know.
 */
export async function startIdentity2(
  swift: Pick<Swift, 'endpoint' | 'user' | 'account'>,
  known: Accounts2,
): Promise<Identity2> {
  const asked: Asked2[] = [];
  const answer = async (request: IncomingMessage): Promise<[status: number, body: object]> => {
    if (request.method !== 'POST' || request.url !== '/v2.0/tokens') return fault(404, 'itemNotFound');
    const auth = await readAuth(request);
    if (!auth) return fault(400, 'badRequest');
    asked.push(auth);
    const refusal = refusalOf(auth, known);
    if (refusal) return refusal;
    const token = { id: await tempAuthToken(swift.endpoint, swift.user), expires: '2030-01-01T00:00:00Z' };
    const scoped = auth.tenantId !== undefined || auth.tenantName !== undefined;
    const serviceCatalog = scoped ? catalogOf(`${swift.endpoint}${swift.account}`) : [];
    return [200, { access: { token: scoped ? { ...token, tenant: known.tenant } : token, serviceCatalog } }];
  };
  const server = createServer((request, response) => {
    void answer(request).then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    authUrl: `http://127.0.0.1:${portOf(server.address())}/v2.0`,
    asked,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function refusalOf(auth: Asked2, { user, password, apiKey, tenant }: Accounts2): [number, object] | undefined {
  const { passwordCredentials: byPassword, 'RAX-KSKEY:apiKeyCredentials': byKey, token } = auth;
  if (!byPassword && !byKey && !token) return fault(400, 'badRequest');
  if (byKey && apiKey === undefined) return fault(400, 'badRequest');
  if (byKey && (byKey.username !== user || byKey.apiKey !== apiKey)) return fault(401, 'unauthorized');
  if (byPassword && (password === undefined || byPassword.username !== user || byPassword.password !== password)) {
    return fault(401, 'unauthorized');
  }
  if (auth.tenantId !== undefined && auth.tenantId !== tenant.id) return fault(401, 'unauthorized');
  if (auth.tenantName !== undefined && auth.tenantName !== tenant.name) return fault(401, 'unauthorized');
  return undefined;
}

/** The same storage in two regions, the first of which has no internal endpoint. */
function catalogOf(url: string): object[] {
  return [
    { type: 'compute', name: 'nova', endpoints: [{ region: 'one', publicURL: 'http://127.0.0.1:9/compute' }] },
    {
      type: 'object-store',
      name: 'swift',
      endpoints: [
        { region: 'one', publicURL: 'http://127.0.0.1:9/v1/AUTH_other' },
        { region: 'two', publicURL: url, internalURL: url, adminURL: 'http://127.0.0.1:9/' },
      ],
    },
  ];
}

function fault(code: number, name: string): [number, object] {
  return [code, { error: { code, title: name, message: `The request was refused: ${name}` } }];
}

async function readAuth(request: IncomingMessage): Promise<Asked2 | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return (JSON.parse(Buffer.concat(chunks).toString('utf8')) as { auth?: Asked2 }).auth;
  } catch {
    return undefined;
  }
}
