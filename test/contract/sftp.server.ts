import { fingerprintOf } from '../../src/providers/sftp/hostKeys.ts';
import { type OpenSsh, startOpenSsh } from '../servers/openssh.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import { FileTreeJudge } from '../support/fileTreeJudge.ts';
import { unstorableFileNames } from '../support/oddKeys.ts';
import { type ContractServer, type ContractServers, opaqueWire } from './contractServer.ts';

/** OpenSSH's own SFTP server. */
export const contractServers: ContractServers = async () => {
  try {
    return { servers: [serverFor(await startOpenSsh())], missing: [] };
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    return { servers: [], missing: [error.message] };
  }
};

/** The fingerprint of the key that a server shows first. */
export function hostKeyOf({ hostKeys }: OpenSsh): string {
  const [type = '', blob = ''] = hostKeys[0]?.split(' ') ?? [];
  return fingerprintOf({ type, blob });
}

function serverFor(ssh: OpenSsh): ContractServer {
  const judge = new FileTreeJudge(ssh.files, ssh.user);
  const wrongSecret = 'a wrong password of many words';
  const hostKey = hostKeyOf(ssh);
  return {
    ...opaqueWire,
    name: 'OpenSSH',
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
