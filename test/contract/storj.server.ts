import { inject } from 'vitest';
import type { Certificate, ContractServer, ContractServers } from './contractServer.ts';
import { contractServers as s3Servers } from './s3.server.ts';

/** Ceph RGW over TLS in place of Storj's gateway, its authority trusted by the machine. */
export const contractServers: ContractServers = async (suite) => {
  const { servers, missing } = await s3Servers(suite);
  const gateway = servers.find(({ name }) => name === 'Ceph RGW over TLS');
  await Promise.all(servers.filter((server) => server !== gateway).map((server) => server.stop?.()));
  const rgw = inject('rgw');
  return gateway && !('unavailable' in rgw)
    ? { servers: [asGateway(gateway, rgw.certificates.server)], missing: [] }
    : { servers: [], missing };
};

function asGateway(server: ContractServer, frontCertificate: Certificate): ContractServer {
  const { accessKeyId = '', secretAccessKey = '' } = server.draft(server.origin);
  const { badCertificates: _, ...rest } = server;
  return {
    ...rest,
    // The same client as for Amazon S3, which passes the others.
    suites: ['listing', 'odd names', 'removal', 'verification'],
    frontCertificate,
    draft: (endpoint) => ({ accessKeyId, secretAccessKey, endpoint }),
    async strangerTo(bucket) {
      const { accessKeyId, secretAccessKey } = await server.strangerTo(bucket);
      return { accessKeyId: accessKeyId ?? '', secretAccessKey: secretAccessKey ?? '', bucket };
    },
  };
}
