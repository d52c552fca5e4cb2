import { apachePlaces, startApache } from '../test/servers/apache.ts';
import { startOpenSsh } from '../test/servers/openssh.ts';
import {
  lftpEnvironment,
  rcloneDavEnvironment,
  rcloneFtpEnvironment,
  rcloneSftpEnvironment,
} from '../test/servers/peers.ts';
import { startProftpdFtp } from '../test/servers/proftpd.ts';
import { FileTreeJudge } from '../test/support/fileTreeJudge.ts';
import { hostKeyOf } from '../test/support/hostKey.ts';
import { measureCommand } from './measure.ts';
import type { BenchServer } from './servers.ts';
import type { Tool } from './tools.ts';

const folder = 'bench';

/** What a bench needs to know of a server whose files stand on this machine. */
interface TreeServer extends Pick<BenchServer, 'name' | 'provider' | 'draft' | 'peers' | 'variants'> {
  readonly judge: FileTreeJudge;
  readonly files: number;
  readonly folders: number;
  /** The folder as the server calls it. */
  readonly path: string;
  stop(): Promise<void>;
}

/** A folder of so many files in so many folders, of which each tool leaves nothing, the folders included. */
function treeServer({ judge, files, folders, path, ...server }: TreeServer): BenchServer {
  return {
    ...server,
    keys: files,
    container: path,
    tree: true,
    async fill() {
      for (let n = 0; n < files; n++) await judge.put(folder, `folder-${n % folders}/file-${n}`);
    },
    inspect: async () => ({ objects: (await judge.ids(folder)).length, requests: undefined }),
  };
}

/** OpenSSH's SFTP server. */
export async function startSftpServer(files: number, folders: number): Promise<BenchServer> {
  const ssh = await startOpenSsh();
  const { host, port, user } = ssh;
  const path = `${ssh.files}/${folder}`;
  const login = { username: user.name, password: user.password };
  return treeServer({
    name: 'SFTP on OpenSSH',
    provider: 'sftp',
    draft: { ...login, host, port, basePath: ssh.files, hostKey: hostKeyOf(ssh) },
    judge: new FileTreeJudge(ssh.files, user),
    files,
    folders,
    path,
    peers: [
      rcloneTree(await rcloneSftpEnvironment({ host, port, ...login }), path),
      lftp('sftp', { host, port, ...login }, path),
    ],
    stop: () => ssh.stop(),
  });
}

/** ProFTPD without TLS, which lftp would not check. */
export async function startFtpServer(files: number, folders: number): Promise<BenchServer> {
  const server = await startProftpdFtp({ tls: 'none' });
  const { host, port, user } = server;
  const path = `${server.files}/${folder}`;
  const login = { username: user.name, password: user.password };
  return treeServer({
    name: 'FTP on ProFTPD',
    provider: 'ftp',
    draft: { ...login, host, port, tls: 'off', basePath: server.files },
    judge: new FileTreeJudge(server.files, user),
    files,
    folders,
    path,
    peers: [
      rcloneTree(await rcloneFtpEnvironment({ host, port, ...login }), path),
      lftp('ftp', { host, port, ...login }, path),
    ],
    stop: () => server.stop(),
  });
}

/** Apache's WebDAV. */
export async function startDavServer(files: number, folders: number): Promise<BenchServer> {
  const apache = await startApache();
  const { name: username, password } = apache.user;
  const url = `${apache.origin}${apachePlaces.basic}`;
  return treeServer({
    name: 'WebDAV on Apache',
    variants: [{ name: 'ours, whole folder', whole: true, rounds: Number.POSITIVE_INFINITY }],
    provider: 'webdav',
    draft: { url, username, password },
    judge: new FileTreeJudge(apache.files, apache.owner),
    files,
    folders,
    path: `${apachePlaces.basic}${folder}/`,
    peers: [rcloneTree(await rcloneDavEnvironment({ url, username, password }), folder)],
    stop: () => apache.stop(),
  });
}

/** rclone, which deletes files and then the folders that are empty. */
function rcloneTree(environment: NodeJS.ProcessEnv, path: string): Tool {
  return {
    name: 'rclone',
    needs: 'rclone',
    rounds: Number.POSITIVE_INFINITY,
    empty: () => measureCommand('rclone', ['delete', '--rmdirs', `peer:${path}`], { env: environment }),
  };
}

interface Login {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/** lftp, which goes through a tree file by file. */
function lftp(scheme: 'sftp' | 'ftp', { host, port, username, password }: Login, path: string): Tool {
  const settings = 'set sftp:connect-program "ssh -a -x -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"';
  const script = `${settings}; open --env-password -u ${username} ${scheme}://${host}:${port}; rm -r ${path}`;
  return {
    name: 'lftp',
    needs: 'lftp',
    rounds: Number.POSITIVE_INFINITY,
    empty: () => measureCommand('lftp', ['-c', script], { env: lftpEnvironment(password) }),
  };
}
