import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from './certificates.ts';
import {
  freePorts,
  requireCommands,
  runCommand,
  runWithInput,
  ServerUnavailable,
  startListening,
  temporaryFolder,
} from './serverProcess.ts';

/** A user of the server's own. */
export interface WebUser {
  readonly name: string;
  readonly password: string;
}

/** A running Apache with WebDAV and pages of folders. */
export interface Apache {
  /** `scheme://127.0.0.1:port`. */
  readonly origin: string;
  /** May read and change everything; signs in as the place asks. */
  readonly user: WebUser;
  /** May sign in, and nothing more. */
  readonly stranger: WebUser;
  /** Where its files stand, and who owns them. */
  readonly files: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  /** The requests that it took, a line each: `status method path`. */
  accessLog(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * The places of the server, all of the same files: WebDAV by Basic, by Digest and by Digest whose nonces hold briefly, by Basic with deleting refused, and pages of
 * folders, open to all or by Basic.
 */
export const apachePlaces = {
  basic: '/dav/',
  digest: '/digest/',
  briefDigest: '/brief-digest/',
  readOnly: '/read-only/',
  index: '/index/',
  privateIndex: '/private/',
} as const;

/** Seconds that a nonce holds where it holds briefly. */
export const briefly = 1;

/** Starts an Apache on a free port of 127.0.0.1, over TLS when given a certificate. */
export async function startApache(tls?: Certificate): Promise<Apache> {
  await requireCommands('Apache', ['apache2', 'htpasswd'], ['apache2', 'apache2-utils']);
  if (process.getuid?.() !== 0) throw new ServerUnavailable('Apache needs root here, to act as its own user.');
  const modules = '/usr/lib/apache2/modules';
  if (!existsSync(join(modules, 'mod_dav.so'))) throw new ServerUnavailable(`Apache has no modules in ${modules}`);
  const folder = await temporaryFolder('apache');
  await chmod(folder.path, 0o755);
  const owner = await ownerOf('www-data');
  const inFolder = (name: string) => join(folder.path, name);
  for (const name of ['files', 'locks']) {
    await mkdir(inFolder(name));
    await chown(inFolder(name), owner.uid, owner.gid);
  }
  const [user, stranger] = [makeUser('tester'), makeUser('stranger')];
  await keepUsers(folder.path, [user, stranger], owner);
  const [port = 0] = await freePorts(1);
  const load = (name: string) => `LoadModule ${name}_module ${join(modules, `mod_${name}.so`)}`;
  const location = (path: string, lines: readonly string[]) => [`<Location ${path}>`, ...lines, '</Location>'];
  const basic = ['AuthType Basic', 'AuthName "Test"', `AuthUserFile ${inFolder('basic')}`];
  const digest = ['AuthType Digest', 'AuthName "Test"', `AuthUserFile ${inFolder('digest')}`];
  const brief = [...digest, `AuthDigestNonceLifetime ${briefly}`];
  const onlyUser = [`Require user ${user.name}`, 'AuthzSendForbiddenOnFailure On'];
  const config = [
    ...['mpm_event', 'unixd', 'authn_core', 'authn_file', 'authz_core', 'authz_user', 'auth_basic', 'auth_digest'].map(
      (name) => (existsSync(join(modules, `mod_${name}.so`)) ? load(name) : ''),
    ),
    ...['alias', 'mime', 'setenvif', 'dav', 'dav_fs', 'autoindex', 'dir', ...(tls ? ['ssl', 'socache_shmcb'] : [])].map(
      load,
    ),
    `ServerRoot ${folder.path}`,
    'ServerName 127.0.0.1',
    `Listen 127.0.0.1:${port}`,
    'User www-data',
    'Group www-data',
    `PidFile ${inFolder('apache.pid')}`,
    `DefaultRuntimeDir ${folder.path}`,
    `ErrorLog ${inFolder('error.log')}`,
    'LogFormat "%>s %m %U" requests',
    `CustomLog ${inFolder('access.log')} requests`,
    'TypesConfig /etc/mime.types',
    'KeepAliveTimeout 30',
    'MaxKeepAliveRequests 0',
    'ThreadsPerChild 32',
    'MaxRequestWorkers 32',
    'TraceEnable Off',
    `DavLockDB ${inFolder('locks/db')}`,
    ...(tls ? ['SSLEngine On', `SSLCertificateFile ${tls.certFile}`, `SSLCertificateKeyFile ${tls.keyFile}`] : []),
    ...Object.values(apachePlaces).map((path) => `Alias ${path} ${inFolder('files')}/`),
    `<Directory ${inFolder('files')}>`,
    'Options Indexes FollowSymLinks',
    'AllowOverride None',
    '</Directory>',
    'IndexOptions FancyIndexing HTMLTable VersionSort NameWidth=*',
    'IndexIgnore ..',
    ...location(apachePlaces.basic, ['Dav On', ...basic, ...onlyUser, 'DirectoryIndex disabled', 'DirectorySlash Off']),
    ...location(apachePlaces.digest, ['Dav On', ...digest, ...onlyUser, 'DirectoryIndex disabled']),
    ...location(apachePlaces.briefDigest, ['Dav On', ...brief, ...onlyUser, 'DirectoryIndex disabled']),
    ...location(apachePlaces.readOnly, [
      ...['Dav On', ...basic, 'AuthzSendForbiddenOnFailure On', 'DirectoryIndex disabled'],
      ...['<Limit GET HEAD OPTIONS PROPFIND>', `Require user ${user.name}`, '</Limit>'],
      ...['<LimitExcept GET HEAD OPTIONS PROPFIND>', 'Require user nobody-at-all', '</LimitExcept>'],
    ]),
    ...location(apachePlaces.index, ['Require all granted']),
    ...location(apachePlaces.privateIndex, [...basic, ...onlyUser]),
  ];
  await writeFile(inFolder('apache.conf'), `${config.join('\n')}\n`);
  // One process of many threads, so that none outlives it.
  const stop = await startListening('apache2', ['-X', '-f', inFolder('apache.conf')], { port, folder });
  return {
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    user,
    stranger,
    files: inFolder('files'),
    owner,
    accessLog: () => readFile(inFolder('access.log'), 'utf8'),
    stop,
  };
}

/** A user with a password that no other run has. */
export function makeUser(name: string): WebUser {
  return { name, password: randomBytes(12).toString('hex') };
}

/** The ids of a user of this machine. */
export async function ownerOf(name: string): Promise<{ uid: number; gid: number }> {
  const [uid = '', gid = ''] = await Promise.all(['-u', '-g'].map((which) => runCommand('id', [which, name])));
  return { uid: Number(uid), gid: Number(gid) };
}

async function keepUsers(folder: string, users: readonly WebUser[], owner: { uid: number; gid: number }) {
  const basic = await Promise.all(
    users.map(async ({ name, password }) =>
      (await runWithInput('htpasswd', ['-niB', '-C', '4', name], password)).trim(),
    ),
  );
  const digest = users.map(({ name, password }) => {
    const hash = createHash('md5').update(`${name}:Test:${password}`).digest('hex');
    return `${name}:Test:${hash}`;
  });
  for (const [name, lines] of Object.entries({ basic, digest })) {
    await writeFile(join(folder, name), `${lines.join('\n')}\n`, { mode: 0o640 });
    await chown(join(folder, name), 0, owner.gid);
  }
}
