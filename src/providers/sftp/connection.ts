import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import ssh2, { type ConnectConfig, type SFTPWrapper } from 'ssh2';
import { StorageError, stoppedBy } from '../../core/errors.ts';
import { timeLimits } from '../_shared/http.ts';
import { orAborted } from '../_shared/orAborted.ts';
import { connectionLost, toSftpError } from './errors.ts';
import {
  fingerprintOf,
  type Host,
  type HostKey,
  hostKeyOf,
  judgeHostKey,
  knownTypes,
  refuseHostKey,
} from './hostKeys.ts';
import { checkKey } from './keyPairs.ts';

/** How to sign in, and where. */
export interface SftpOptions extends Host {
  readonly username: string;
  readonly signIn: 'password' | 'key' | 'agent';
  readonly password: string;
  readonly privateKey: string;
  readonly passphrase: string;
  /** The fingerprint that was accepted; '' where known_hosts decides. */
  readonly hostKey: string;
  /** '' for where the server puts the user. */
  readonly basePath: string;
}

/** A signed-in connection and the folder where the credential begins, as the server itself calls it. */
export interface Session {
  readonly sftp: SFTPWrapper;
  readonly base: string;
}

type Answer<T> = (error: Error | null | undefined, value: T) => void;

/** One connection for all calls, made when it is first needed and made anew when it was lost. */
export class SftpConnection {
  readonly options: SftpOptions;
  readonly server: URL;
  #opening: Promise<OpenSession> | undefined;
  #closed = false;

  constructor(options: SftpOptions) {
    this.options = options;
    this.server = serverOf(options);
  }

  /** Signs in, unless that is done. */
  async open(signal: AbortSignal): Promise<Session> {
    if (signal.aborted) throw stoppedBy(signal, this.server.host);
    if (this.#closed) throw connectionLost(this.server);
    this.#opening ??= this.#signIn();
    const opening = this.#opening;
    return await orAborted(opening, signal).catch((error: unknown) => {
      throw toSftpError(error, { server: this.server }, signal);
    });
  }

  /** One request. Fails with 'unreachable' when the connection ends before its answer comes: then its fate is not known. */
  async ask<T>(id: string, signal: AbortSignal, start: (session: Session, done: Answer<T>) => unknown): Promise<T> {
    const session = (await this.open(signal)) as OpenSession;
    try {
      return await orAborted(
        within(timeLimits.firstByte, session, (done: Answer<T>) => {
          session.gather();
          start(session, done);
        }),
        signal,
      );
    } catch (error) {
      if (session.ended && !(error instanceof StorageError)) throw connectionLost(this.server, error);
      throw toSftpError(error, { server: this.server, id }, signal);
    }
  }

  /** The same for what may be asked twice: an idle connection that the server has closed shows only when it is used. */
  async askAgain<T>(
    id: string,
    signal: AbortSignal,
    start: (session: Session, done: Answer<T>) => unknown,
  ): Promise<T> {
    try {
      return await this.ask(id, signal, start);
    } catch (error) {
      if (!(error instanceof StorageError) || error.kind !== 'unreachable' || signal.aborted) throw error;
      return await this.ask(id, signal, start);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opening = this.#opening;
    this.#opening = undefined;
    const session = await opening?.catch(() => undefined);
    session?.end();
  }

  #signIn(): Promise<OpenSession> {
    const forget = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    const opening = signIn(this.options, forget);
    opening.catch(forget);
    return opening;
  }
}

/** A step of signing in. */
export type Progress = 'reached' | 'trusted';

/**
 * Connects and signs in once, for a verification, and ends it again.
 * @param onProgress is told how far it has come
 */
export async function trySignIn(
  options: SftpOptions,
  onProgress: (progress: Progress, fingerprint?: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const signingIn = signIn(options, () => {}, onProgress);
  const ended = signingIn.then((session) => session.end());
  await orAborted(ended, signal).catch((error: unknown) => {
    throw toSftpError(error, { server: serverOf(options) }, signal);
  });
}

/** The key that a server shows; nobody signs in. Fails with 'untrusted-server' for one that is known to be wrong. */
export async function fetchHostKey(host: Host, signal: AbortSignal): Promise<string> {
  const server = serverOf(host);
  const knownHosts = await readKnownHosts();
  const shown = Promise.withResolvers<HostKey>();
  const client = new ssh2.Client();
  client.on('error', (error) => shown.reject(error));
  client.on('close', () => shown.reject(connectionLost(server)));
  client.connect({
    ...target(host),
    // It is never told: the server is left as soon as it has shown its key.
    username: 'nobody',
    ...algorithms(knownTypes(host, '', knownHosts)),
    hostVerifier: (wire: Buffer) => {
      shown.resolve(hostKeyOf(wire));
      return false;
    },
  });
  try {
    const key = await orAborted(shown.promise, signal);
    const verdict = judgeHostKey(key, host, '', knownHosts);
    if (verdict === 'changed' || verdict === 'revoked') throw refuseHostKey(verdict, key, host);
    return fingerprintOf(key);
  } catch (error) {
    throw toSftpError(error, { server }, signal);
  } finally {
    client.destroy();
  }
}

interface OpenSession extends Session {
  readonly ended: boolean;
  /** What is written from here to the end of this turn of the event loop goes out at once. */
  gather(): void;
  /** Ends it without waiting for the server. */
  cut(): void;
  end(): void;
}

async function signIn(
  options: SftpOptions,
  onEnd: () => void,
  onProgress: (progress: Progress, fingerprint?: string) => void = () => {},
): Promise<OpenSession> {
  const { basePath, hostKey } = options;
  const server = serverOf(options);
  const ways = waysToSignIn(options);
  const knownHosts = await readKnownHosts();
  const socket = await connect(options);
  onProgress('reached');
  const client = new ssh2.Client();
  const opened = Promise.withResolvers<SFTPWrapper>();
  let ended = false;
  let untrusted: StorageError | undefined;
  client.on('error', (error) => opened.reject(untrusted ?? error));
  client.on('close', () => {
    ended = true;
    opened.reject(untrusted ?? connectionLost(server));
    onEnd();
  });
  client.on('keyboard-interactive', (_name, _instructions, _language, prompts, finish) => {
    finish(prompts.map(({ echo }) => (echo ? '' : options.password)));
  });
  client.on('ready', () => {
    client.sftp((error, sftp) => (error ? opened.reject(error) : opened.resolve(sftp)));
  });
  const config: ConnectConfig = {
    ...ways,
    ...algorithms(knownTypes(options, hostKey, knownHosts)),
    sock: socket,
    username: options.username,
    readyTimeout: timeLimits.connect + timeLimits.firstByte,
    keepaliveInterval: 15_000,
    hostVerifier: (wire: Buffer) => {
      const key = hostKeyOf(wire);
      const verdict = judgeHostKey(key, options, hostKey, knownHosts);
      if (verdict === 'good') onProgress('trusted', fingerprintOf(key));
      else untrusted = refuseHostKey(verdict, key, options);
      return verdict === 'good';
    },
  };
  try {
    client.connect(config);
    const sftp = await opened.promise;
    const base = await within<string>(timeLimits.firstByte, undefined, (done) => {
      sftp.realpath(basePath === '' ? '.' : basePath, done);
    });
    return {
      sftp,
      base,
      get ended() {
        return ended;
      },
      gather: gatherWrites(socket),
      cut: () => client.destroy(),
      end: () => client.end(),
    };
  } catch (error) {
    client.destroy();
    throw toSftpError(error, { server, ...(basePath === '' ? {} : { id: basePath }) }, new AbortController().signal);
  }
}

/** What is shown of oneself: a password never goes out where a key was chosen alone. */
function waysToSignIn(options: SftpOptions): ConnectConfig {
  const { signIn, password, privateKey, passphrase } = options;
  const byPassword = password === '' ? {} : { password, tryKeyboard: true };
  if (signIn === 'password') return byPassword;
  if (signIn === 'agent') return { agent: agentSocket() };
  checkKey(privateKey, passphrase);
  return { privateKey, ...(passphrase === '' ? {} : { passphrase }), ...byPassword };
}

function agentSocket(): string {
  const socket = process.env.SSH_AUTH_SOCK;
  if (socket !== undefined && socket !== '') return socket;
  if (process.platform === 'win32') return '\\\\.\\pipe\\openssh-ssh-agent';
  throw new StorageError('unauthenticated', 'No SSH agent runs on this machine.', {
    hint: 'Start it before VS Code, or sign in with a password or a private key.',
  });
}

/** A key of a known type is asked for first, else the server might show one of another type. */
function algorithms(types: readonly string[]): ConnectConfig {
  const wanted = types.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]));
  const known = wanted.filter((name) => hostKeyAlgorithms.includes(name));
  if (known.length === 0) return {};
  const others = hostKeyAlgorithms.filter((name) => !known.includes(name));
  return { algorithms: { serverHostKey: [...known, ...others] as never } };
}

const hostKeyAlgorithms = [
  ...['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ...['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
];

function target({ host, port }: Host): ConnectConfig {
  return { host: host.replace(/^\[|\]$/g, ''), port, readyTimeout: timeLimits.connect };
}

function connect({ host, port }: Host): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: host.replace(/^\[|\]$/g, ''), port, noDelay: true });
    const expire = () => socket.destroy(Object.assign(new Error('No answer in time.'), { code: 'ETIMEDOUT' }));
    const timer = setTimeout(expire, timeLimits.connect);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** Requests that are made together need one call of the system, and wake the server once. */
function gatherWrites(socket: net.Socket): () => void {
  let gathering = false;
  return () => {
    if (gathering) return;
    gathering = true;
    socket.cork();
    setImmediate(() => {
      gathering = false;
      socket.uncork();
    });
  };
}

/** What this machine knows of servers' keys; no file is like an empty one. */
async function readKnownHosts(): Promise<string> {
  const files = [path.join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'];
  const contents = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(absent)));
  return contents.join('\n');
}

function absent(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
  throw new StorageError('untrusted-server', "The keys that this machine knows can't be read: known_hosts", {
    hint: 'Make the file readable, or move it away.',
    detail: String(error),
  });
}

function serverOf({ host, port }: Host): URL {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return new URL(`ssh://${name}:${port}`);
}

/** What is answered in time; a connection that stays silent is given up as a whole. */
function within<T>(limit: number, session: OpenSession | undefined, start: (done: Answer<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(Object.assign(new Error('No answer in time.'), { code: 'ETIMEDOUT' }));
      session?.cut();
    }, limit);
    start((error, value) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(value);
    });
  });
}
