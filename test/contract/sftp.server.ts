import { type OpenSsh, startOpenSsh } from '../servers/openssh.ts';
import { type Proftpd, startProftpdSftp } from '../servers/proftpd.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { hostKeyOf } from '../support/hostKey.ts';
import { deepFileNames, unstorableFileNames } from '../support/oddKeys.ts';
import { type ContractServer, type ContractServers, opaqueWire } from './contractServer.ts';

/** OpenSSH's own SFTP server, and ProFTPD's. */
export const contractServers: ContractServers = async () => {
  const started = await Promise.all([
    startOpenSsh().then((ssh) => serverFor('OpenSSH', ssh, hostKeyOf(ssh)), unavailable),
    startProftpdSftp().then(
      (ftpd) => ({ ...serverFor('ProFTPD', ftpd, hostKeyOf(ftpd)), unstorable: deepFileNames }),
      unavailable,
    ),
  ]);
  return {
    servers: started.filter((server) => typeof server !== 'string'),
    missing: started.filter((server) => typeof server === 'string'),
  };
};

function unavailable(error: unknown): string {
  if (error instanceof ServerUnavailable) return error.message;
  throw error;
}

type SftpServer = Pick<OpenSsh, 'host' | 'port' | 'user' | 'stranger' | 'files' | 'hostKeys'> & Pick<Proftpd, 'stop'>;

function serverFor(name: string, ssh: SftpServer, hostKey: string): ContractServer {
  const judge = new FileTreeJudge(ssh.files, ssh.user);
  const wrongSecret = 'a wrong password of many words';
  return {
    ...opaqueWire,
    name,
    origin: `sftp://${ssh.host}:${ssh.port}`,
    refused: unstorableFileNames,
    pathOf: (container, id) => `${judge.fileOf(container, '')}${id === '' ? '' : `/${id}`}`,
    draft: (at) => ({
      host: ssh.host,
      port: Number(new URL(at).port),
      username: ssh.user.name,
      password: ssh.user.password,
      basePath: ssh.files,
      hostKey,
    }),
    changes: {
      wrongSecret: { password: wrongSecret },
      unknownAccount: { username: 'nobody-of-this-name' },
      unverified: {},
      trust: () => ({}),
      only: (container) => ({ basePath: judge.fileOf(container, '') }),
    },
    secrets: [ssh.user.password, ssh.stranger.password, wrongSecret],
    createContainer: () => judge.createContainer(),
    removeContainer: (container) => judge.removeContainer(container),
    put: (container, id, body) => judge.put(container, id, body),
    ids: (container) => judge.ids(container),
    refuseDeletion: (container, ids) => judge.refuseDeletion(container, ids),
    async strangerTo(container) {
      await judge.close(container);
      const { name: username, password } = ssh.stranger;
      return { host: ssh.host, port: ssh.port, username, password, basePath: judge.fileOf(container, ''), hostKey };
    },
    cleanUp: () => judge.cleanUp(),
    stop: () => ssh.stop(),
  };
}
