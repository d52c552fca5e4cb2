import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from './certificates.ts';
import {
  freePorts,
  isListening,
  requireCommands,
  runCommand,
  runWithInput,
  ServerUnavailable,
  startProcess,
  temporaryFolder,
  waitUntil,
} from './serverProcess.ts';

/** A user that only this server knows. */
export interface FtpUser {
  readonly name: string;
  readonly password: string;
  readonly uid: number;
  readonly gid: number;
}

/** A running ProFTPD. */
export interface Proftpd {
  readonly host: string;
  readonly port: number;
  readonly user: FtpUser;
  readonly stranger: FtpUser;
  /** Where the users' files stand; the user's own. */
  readonly files: string;
  /** What it has logged of commands. */
  readonly logFile: string;
  stop(): Promise<void>;
}

/** Starts a ProFTPD on a free port of 127.0.0.1. @param directives what makes it the server that is wanted */
export async function startProftpd(directives: (folder: string) => Promise<readonly string[]>): Promise<Proftpd> {
  await requireCommands(
    'ProFTPD',
    ['proftpd', 'openssl', 'ssh-keygen'],
    ['proftpd-core', 'proftpd-mod-crypto', 'openssl', 'openssh-client'],
  );
  if (process.getuid?.() !== 0) throw new ServerUnavailable('ProFTPD needs root, to act as its users.');
  const folder = await temporaryFolder('proftpd');
  await chmod(folder.path, 0o755);
  const files = join(folder.path, 'files');
  await mkdir(files);
  const user = { ...makeUser('tester'), uid: 61_001, gid: 61_001 };
  const stranger = { ...makeUser('stranger'), uid: 61_002, gid: 61_002 };
  await chown(files, user.uid, user.gid);
  const [port = 0] = await freePorts(1);
  const accounts = join(folder.path, 'accounts');
  const lines = await Promise.all(
    [user, stranger].map(async ({ name, password, uid, gid }) => {
      const hash = (await runWithInput('openssl', ['passwd', '-6', '-stdin'], `${password}\n`)).trim();
      return `${name}:${hash}:${uid}:${gid}::${files}:/bin/sh`;
    }),
  );
  await writeFile(accounts, `${lines.join('\n')}\n`, { mode: 0o600 });
  const configFile = join(folder.path, 'proftpd.conf');
  const logFile = join(folder.path, 'commands.log');
  await writeFile(
    configFile,
    [
      'ServerType standalone',
      'ServerName "Test"',
      'DefaultAddress 127.0.0.1',
      'UseIPv6 off',
      'UseReverseDNS off',
      `Port ${port}`,
      `AuthUserFile ${accounts}`,
      'AuthOrder mod_auth_file.c',
      'RequireValidShell off',
      'WtmpLog off',
      'MaxInstances 200',
      `PidFile ${join(folder.path, 'proftpd.pid')}`,
      `ScoreboardFile ${join(folder.path, 'scoreboard')}`,
      `DelayTable none`,
      // Else it looks for rules in every folder on the way, at every command: half a second where a path is 200 folders deep.
      'AllowOverride off',
      `LogFormat commands "%r"`,
      `ExtendedLog ${logFile} ALL commands`,
      ...(await directives(folder.path)),
      '',
    ].join('\n'),
  );
  const server = startProcess('proftpd', ['-n', '-q', '-c', configFile], { logFile: join(folder.path, 'proftpd.log') });
  const stop = async () => {
    await server.stop();
    await folder.remove();
  };
  try {
    await waitUntil('ProFTPD to answer', 20_000, async () => {
      await server.assertRunning();
      return await isListening(port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: '127.0.0.1', port, user, stranger, files, logFile, stop };
}

/** A ProFTPD that speaks SFTP. */
export async function startProftpdSftp(): Promise<Proftpd & { readonly hostKeys: readonly string[] }> {
  const hostKeys: string[] = [];
  const server = await startProftpd(async (folder) => {
    const files = ['ed25519', 'rsa'].map((type) => ({ type, file: join(folder, `host_${type}`) }));
    for (const { type, file } of files) {
      await runCommand('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', file]);
      hostKeys.push((await readFile(`${file}.pub`, 'utf8')).trim());
    }
    return [
      'LoadModule mod_sftp.c',
      'SFTPEngine on',
      `SFTPLog ${join(folder, 'sftp.log')}`,
      ...files.map(({ file }) => `SFTPHostKey ${file}`),
      'SFTPAuthMethods password',
    ];
  });
  return { ...server, hostKeys };
}

/** How a server speaks TLS: not at all, when asked, always after having been asked, or from the first byte. */
export type FtpTls = 'none' | 'offered' | 'required' | 'implicit';

/** What to start it with beside what is usual. */
export interface ProftpdFtpOptions {
  readonly tls: FtpTls;
  /** Needed wherever it speaks TLS. */
  readonly certificate?: Certificate;
  /** Whether each data connection must go on with the session of the control connection. */
  readonly sessionReuse?: boolean;
  readonly config?: readonly string[];
}

/** A ProFTPD that speaks FTP, as its maker means it: with MLSD, in UTF-8. */
export function startProftpdFtp(options: ProftpdFtpOptions): Promise<Proftpd> {
  const { tls, certificate, sessionReuse = false, config = [] } = options;
  return startProftpd(async (folder) => {
    if (tls === 'none' || certificate === undefined) return config;
    const tlsOptions = [
      ...(sessionReuse ? [] : ['NoSessionReuseRequired']),
      ...(tls === 'implicit' ? ['UseImplicitSSL'] : []),
    ];
    return [
      'LoadModule mod_tls.c',
      'TLSEngine on',
      `TLSLog ${join(folder, 'tls.log')}`,
      'TLSProtocol TLSv1.2 TLSv1.3',
      `TLSECCertificateFile ${certificate.certFile}`,
      `TLSECCertificateKeyFile ${certificate.keyFile}`,
      `TLSRequired ${tls === 'required' ? 'on' : 'off'}`,
      'TLSVerifyClient off',
      ...(tlsOptions.length === 0 ? [] : [`TLSOptions ${tlsOptions.join(' ')}`]),
      ...config,
    ];
  });
}

function makeUser(name: string): { name: string; password: string } {
  return { name, password: randomBytes(12).toString('hex') };
}
