import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { addUser, type LocalUser, removeUser } from './localUsers.ts';
import {
  findCommand,
  freePorts,
  requireCommands,
  runCommand,
  ServerUnavailable,
  startProcess,
  temporaryFolder,
  waitUntil,
} from './serverProcess.ts';

/** A running sshd with its SFTP server. */
export interface OpenSsh {
  readonly host: string;
  readonly port: number;
  /** One line for each of its host keys, as in a file of public keys. */
  readonly hostKeys: readonly string[];
  readonly user: LocalUser;
  readonly stranger: LocalUser;
  /** Where the users' files stand; the user's own. */
  readonly files: string;
  /** Lets whoever holds the private key in as the user. @param publicKey a line of authorized_keys */
  authorize(publicKey: string): Promise<void>;
  stop(): Promise<void>;
}

/** What to start it with beside what is usual. */
export interface OpenSshOptions {
  /** The types of its host keys. */
  readonly hostKeyTypes?: readonly string[];
  /** Whether the users see nothing but their files: `/` is the folder above `files` then. */
  readonly chroot?: boolean;
  /** Lines of sshd_config that go before all others. */
  readonly config?: readonly string[];
}

/** Starts an sshd on a free port of 127.0.0.1 with two users of its own; throws ServerUnavailable where that can't be. */
export async function startOpenSsh({
  hostKeyTypes = ['ed25519', 'ecdsa', 'rsa'],
  chroot = false,
  config = [],
}: OpenSshOptions = {}): Promise<OpenSsh> {
  await requireCommands('OpenSSH', ['sshd', 'ssh-keygen', 'useradd'], ['openssh-server', 'passwd']);
  if (process.getuid?.() !== 0) throw new ServerUnavailable('OpenSSH needs root, to make users that may sign in.');
  await mkdir('/run/sshd', { recursive: true });
  // A chroot must belong to root all the way up, which a temporary folder does not.
  await mkdir('/srv', { recursive: true });
  const folder = await temporaryFolder('storage-credentials-ssh', '/srv');
  await chmod(folder.path, 0o755);
  const files = join(folder.path, 'files');
  await mkdir(files);
  const users = [await addUser(files), await addUser(files)] as const;
  const [user, stranger] = users;
  await runCommand('chown', [`${user.uid}:${user.gid}`, files]);
  const hostKeys: string[] = [];
  for (const type of hostKeyTypes) {
    const file = join(folder.path, `host_${type}`);
    await runCommand('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
    hostKeys.push((await readFile(`${file}.pub`, 'utf8')).trim());
  }
  const [port = 0] = await freePorts(1);
  const authorized = join(folder.path, 'authorized_keys');
  await writeFile(authorized, '');
  const configFile = join(folder.path, 'sshd_config');
  await writeFile(
    configFile,
    [
      ...config,
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...hostKeyTypes.map((type) => `HostKey ${join(folder.path, `host_${type}`)}`),
      `AuthorizedKeysFile ${authorized}`,
      `PidFile ${join(folder.path, 'sshd.pid')}`,
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication yes',
      'MaxStartups 100',
      'MaxAuthTries 20',
      'Subsystem sftp internal-sftp',
      ...(chroot ? [`ChrootDirectory ${folder.path}`] : []),
      '',
    ].join('\n'),
  );
  const server = startProcess(findCommand('sshd') ?? 'sshd', ['-D', '-e', '-f', configFile], {
    logFile: join(folder.path, 'sshd.log'),
  });
  const stop = async () => {
    await server.stop();
    for (const each of users) await removeUser(each);
    await folder.remove();
  };
  try {
    await waitUntil('sshd to answer', 20_000, async () => {
      await server.assertRunning();
      return await answers(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    host: '127.0.0.1',
    port,
    hostKeys,
    user,
    stranger,
    files,
    authorize: (publicKey) => writeFile(authorized, `${publicKey}\n`, { flag: 'a' }),
    stop,
  };
}

/** Whether something that speaks SSH listens there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('error', () => end(false));
    socket.once('data', (data) => end(data.toString('latin1').startsWith('SSH-2.0')));
  });
}
