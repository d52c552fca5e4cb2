import { readFileSync } from 'node:fs';
import { type Certificates, createCertificates } from '../servers/certificates.ts';
import { type FtpTls, type Proftpd, startProftpdFtp } from '../servers/proftpd.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import { startVsftpd, type Vsftpd } from '../servers/vsftpd.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { deepFileNames, oddKeys, unstorableFileNames } from '../support/oddKeys.ts';
import { type ContractServer, type ContractServers, opaqueWire } from './contractServer.ts';

/** The mode of TLS that a form chooses for a server. */
export const modeFor: Readonly<Record<FtpTls, string>> = {
  none: 'try',
  offered: 'try',
  required: 'required',
  implicit: 'implicit',
};

const some = ['listing', 'removal', 'verification'];

/** ProFTPD in its four modes of TLS, and vsftpd, which knows no MLSD. */
export const contractServers: ContractServers = async () => {
  const servers: ContractServer[] = [];
  const missing: string[] = [];
  const add = async (start: () => Promise<ContractServer>) => {
    try {
      servers.push(await start());
    } catch (error) {
      if (!(error instanceof ServerUnavailable)) throw error;
      missing.push(error.message);
    }
  };
  await add(() => proftpd('none'));
  await add(async () => ({ ...(await proftpd('required')), spared: ['planned removal'] }));
  await add(async () => ({ ...(await proftpd('offered')), suites: ['verification'] }));
  await add(async () => ({ ...(await proftpd('implicit')), suites: some }));
  await add(async () => {
    const server = await startVsftpd();
    return { ...serverFor('vsftpd', server, 'try', ''), suites: [...some, 'odd names', 'planned removal'] };
  });
  return { servers, missing };
};

async function proftpd(tls: FtpTls): Promise<ContractServer> {
  let certificates: Certificates | undefined;
  if (tls !== 'none') certificates = await createCertificates();
  const server = await startProftpdFtp({ tls, ...(certificates ? { certificate: certificates.server } : {}) });
  const caBundle = certificates ? readFileSync(certificates.caFile, 'utf8') : '';
  const contract = serverFor(`ProFTPD, TLS ${tls}`, server, modeFor[tls], caBundle);
  return {
    ...contract,
    unstorable: deepFileNames,
    async stop() {
      await contract.stop?.();
      await certificates?.remove();
    },
  };
}

function serverFor(name: string, server: Proftpd | Vsftpd, tls: string, caBundle: string): ContractServer {
  const judge = new FileTreeJudge(server.files, server.user);
  const wrongSecret = 'a wrong password of many words';
  const { host, port } = server;
  const trust = { tls, ...(caBundle === '' ? {} : { caBundle }) };
  return {
    ...opaqueWire,
    name,
    origin: `ftp://${host}:${port}`,
    refused: new Set([...unstorableFileNames, ...oddKeys.filter((key) => /[\r\n]/.test(key))]),
    pathOf: (container, id) => `${judge.fileOf(container, '')}${id === '' ? '' : `/${id}`}`,
    draft: (at) => ({
      ...trust,
      host,
      port: Number(new URL(at).port),
      username: server.user.name,
      password: server.user.password,
      basePath: server.files,
    }),
    changes: {
      wrongSecret: { password: wrongSecret },
      unknownAccount: { username: 'nobody-of-this-name' },
      unverified: { verifyCertificate: false },
      trust: (bundle) => ({ caBundle: bundle }),
      only: (container) => ({ basePath: judge.fileOf(container, '') }),
    },
    secrets: [server.user.password, server.stranger.password, wrongSecret],
    createContainer: () => judge.createContainer(),
    removeContainer: (container) => judge.removeContainer(container),
    put: (container, id, body) => judge.put(container, id, body),
    ids: (container) => judge.ids(container),
    refuseDeletion: (container, ids) => judge.refuseDeletion(container, ids),
    async strangerTo(container) {
      await judge.close(container);
      const { name: username, password } = server.stranger;
      return { ...trust, host, port, username, password, basePath: judge.fileOf(container, '') };
    },
    cleanUp: () => judge.cleanUp(),
    stop: () => server.stop(),
  };
}
