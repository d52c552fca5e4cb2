import { apachePlaces, startApache } from '../servers/apache.ts';
import { createCertificates } from '../servers/certificates.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import type { ContractServers } from './contractServer.ts';
import { serverFor, tlsServer } from './webdav.server.ts';

/** Apache's pages of folders behind a sign-in, plain and over TLS. */
export const contractServers: ContractServers = async () => {
  try {
    const certificates = await createCertificates();
    const place = apachePlaces.privateIndex;
    const plain = serverFor('Apache', await startApache(), place);
    return { servers: [plain, tlsServer(await startApache(certificates.server), certificates, place)], missing: [] };
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    return { servers: [], missing: [error.message] };
  }
};
