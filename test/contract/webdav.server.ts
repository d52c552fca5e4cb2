import { readFileSync } from 'node:fs';
import { webEntry } from '../../src/providers/_shared/webPaths.ts';
import { type Apache, apachePlaces, startApache } from '../servers/apache.ts';
import { type Certificates, createCertificates } from '../servers/certificates.ts';
import type { Fault, RecordedRequest } from '../servers/faultProxy.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { unstorableFileNames } from '../support/oddKeys.ts';
import type { ContractServer, ContractServers } from './contractServer.ts';

/** Apache by Basic, by Digest, and by Basic over TLS. */
export const contractServers: ContractServers = async () => {
  try {
    const certificates = await createCertificates();
    const plain = serverFor('Apache', await startApache(), apachePlaces.basic);
    const digest = {
      ...serverFor('Apache by Digest', await startApache(), apachePlaces.digest),
      spared: ['planned removal'],
    };
    return {
      servers: [plain, digest, tlsServer(await startApache(certificates.server), certificates, apachePlaces.basic)],
      missing: [],
    };
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    return { servers: [], missing: [error.message] };
  }
};

/** One place of an Apache that has a certificate. */
export function tlsServer(apache: Apache, certificates: Certificates, place: string): ContractServer {
  const server = serverFor('Apache over TLS', apache, place);
  const caBundle = readFileSync(certificates.caFile, 'utf8');
  return {
    ...server,
    suites: ['listing', 'odd names', 'verification'],
    caFile: certificates.caFile,
    badCertificates: certificates,
    draft: (origin) => ({ ...server.draft(origin), caBundle }),

    strangerTo: async (container) => ({ ...(await server.strangerTo(container)), caBundle }),
    stop: () => Promise.all([apache.stop(), certificates.remove()]).then(() => undefined),
  };
}

/** One place of an Apache. */
export function serverFor(name: string, apache: Apache, place: string): ContractServer {
  const { origin, user, stranger } = apache;
  const judge = new FileTreeJudge(apache.files, apache.owner);
  const wrongSecret = 'a wrong password of many words';
  const draft = (at: string) => ({ url: `${at}${place}`, username: user.name, password: user.password });
  return {
    name,
    origin,
    bodiless: true,
    refused: unstorableFileNames,
    target: (container, id) => apachePath(place, container, id),
    deletedBy: (request) => namesDeletedBy(request, place),
    requestsPerBatch: (targets) => targets,
    webTree: {
      entryOf: (kind, container, id) => webEntry(kind, apachePath(place, container, id, kind === 'folder' ? '/' : '')),
      nameOf: decoded,
    },
    faults: { slowDown, endless: twice },
    draft,
    changes: {
      wrongSecret: { password: wrongSecret },
      unknownAccount: { username: 'nobody-of-this-name' },
      unverified: { verifyCertificate: false },
      trust: (caBundle) => ({ caBundle }),
      only: (container, at = origin) => ({ url: `${at}${place}${container.replace(/^\//, '')}` }),
    },
    secrets: [user.password, stranger.password, wrongSecret],
    createContainer: () => judge.createContainer(),
    removeContainer: (container) => judge.removeContainer(container),
    put: (container, id, body) => judge.put(container, id, body),
    ids: (container) => judge.ids(container),
    refuseDeletion: (container, ids) => judge.refuseDeletion(container, ids),
    strangerTo: async (container) => ({
      url: `${origin}${place}${container}/`,
      username: stranger.name,
      password: stranger.password,
    }),
    cleanUp: () => judge.cleanUp(),
    stop: () => apache.stop(),
  };
}

const slowDown: Fault = { kind: 'status', status: 503 };

/** A listing in which its first resource stands twice: there are no pages that could go on. */
function twice(page: Buffer): Buffer {
  const text = page.toString('utf8');
  const [itself = ''] = /<D:response[\s\S]*?<\/D:response>/.exec(text) ?? [];
  return Buffer.from(text.replace('</D:multistatus>', `${itself}</D:multistatus>`));
}

/** The name in the path of a deletion, within its container. */
function namesDeletedBy({ method, target }: RecordedRequest, place: string): readonly string[] {
  if (method !== 'DELETE') return [];
  const inContainer = target.slice(place.length).replace(/^[^/]*\//, '');
  return [decoded(inContainer)];
}

/** A path as Apache writes it: it leaves more characters as they are than most. */
function apachePath(place: string, container: string, id: string, end = ''): string {
  const written = Array.from(`${container.replace(/^\//, '')}/${id}`, (character) => {
    // Half a character stays what it is, which no path can hold.
    if (!character.isWellFormed()) return character;
    return /[A-Za-z0-9$\-_.+!*'(),:@&=/~;]/.test(character) ? character : percentEncoded(character);
  }).join('');
  return `${place}${written}${written.endsWith('/') ? '' : end}`;
}

function percentEncoded(character: string): string {
  return Array.from(Buffer.from(character, 'utf8'), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Decoded byte by byte and not as a URL. */
function decoded(path: string): string {
  const bytes = path.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
