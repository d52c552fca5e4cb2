import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addUser, type LocalUser, removeUser } from './localUsers.ts';
import {
  findCommand,
  freePorts,
  isListening,
  requireCommands,
  runCommand,
  ServerUnavailable,
  startProcess,
  temporaryFolder,
  waitUntil,
} from './serverProcess.ts';

/** A running vsftpd, which knows LIST and no MLSD. */
export interface Vsftpd {
  readonly host: string;
  readonly port: number;
  readonly user: LocalUser;
  readonly stranger: LocalUser;
  /** Where the users' files stand; the user's own. */
  readonly files: string;
  stop(): Promise<void>;
}

/** Starts a vsftpd on a free port of 127.0.0.1 with two users of its own. @param config further lines of its configuration */
export async function startVsftpd(config: readonly string[] = []): Promise<Vsftpd> {
  await requireCommands('vsftpd', ['useradd'], ['passwd']);
  if (process.getuid?.() !== 0) throw new ServerUnavailable('vsftpd needs root, to make users that may sign in.');
  const command = findCommand('vsftpd') ?? (await unpackVsftpd());
  const folder = await temporaryFolder('vsftpd');
  await chmod(folder.path, 0o755);
  const files = join(folder.path, 'files');
  const empty = join(folder.path, 'empty');
  await mkdir(files);
  await mkdir(empty);
  const users = [await addUser(files), await addUser(files)] as const;
  const [user, stranger] = users;
  await chown(files, user.uid, user.gid);
  const [port = 0] = await freePorts(1);
  const service = `storage-credentials-${process.pid}-${port}`;
  const pamFile = join('/etc/pam.d', service);
  await writeFile(pamFile, 'auth required pam_unix.so\naccount required pam_unix.so\n');
  const configFile = join(folder.path, 'vsftpd.conf');
  await writeFile(
    configFile,
    [
      'listen=YES',
      'background=NO',
      'listen_address=127.0.0.1',
      `listen_port=${port}`,
      'anonymous_enable=NO',
      'local_enable=YES',
      'write_enable=YES',
      `pam_service_name=${service}`,
      `secure_chroot_dir=${empty}`,
      'seccomp_sandbox=NO',
      'max_login_fails=10',
      ...config,
      '',
    ].join('\n'),
  );
  const server = startProcess(command, [configFile], { logFile: join(folder.path, 'vsftpd.log') });
  const stop = async () => {
    await server.stop();
    for (const each of users) await removeUser(each);
    await rm(pamFile, { force: true });
    await folder.remove();
  };
  try {
    await waitUntil('vsftpd to answer', 20_000, async () => {
      await server.assertRunning();
      return await isListening(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: '127.0.0.1', port, user, stranger, files, stop };
}

/** Its package can't be installed beside ProFTPD's: it is unpacked by itself, once. */
async function unpackVsftpd(): Promise<string> {
  const unpacked = join(tmpdir(), 'storage-credentials-vsftpd');
  const command = join(unpacked, 'usr', 'sbin', 'vsftpd');
  if (existsSync(command)) return command;
  const folder = await temporaryFolder('vsftpd-package');
  const steps = 'cd "$0" && { apt-get -q download vsftpd || { apt-get -q update && apt-get -q download vsftpd; }; }';
  try {
    await runCommand('sh', ['-c', `${steps} && dpkg -x vsftpd_*.deb unpacked`, folder.path]);
    await rename(join(folder.path, 'unpacked'), unpacked);
  } catch (error) {
    throw new ServerUnavailable(`vsftpd needs the Debian package vsftpd: ${error}`);
  } finally {
    await folder.remove();
  }
  return command;
}
