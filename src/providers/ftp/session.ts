import { isIP } from 'node:net';
import type { Writable } from 'node:stream';
import { type Client, FTPError, type FTPResponse } from 'basic-ftp';
import { StorageError } from '../../core/errors.ts';
import type { Network } from '../../core/provider.ts';
import { type Trust, timeLimits, tlsOptions } from '../_shared/http.ts';
import { noAnswer, noDataConnection, signInError, unpaired } from './errors.ts';
import { createFtpClient } from './replies.ts';

/** How to sign in, and where. */
export interface FtpOptions extends Trust {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly tls: 'try' | 'required' | 'implicit' | 'off';
  /** '' for where the server puts the user. */
  readonly basePath: string;
  /** The most that are open at once. */
  readonly connections: number;
  readonly encoding: 'utf8' | 'latin1';
}

/** A stage of signing in that was passed; 'plain' stands for 'encrypted' where the server offers nothing better. */
export type Progress = 'reached' | 'encrypted' | 'plain';

type ListCommand = 'MLSD' | 'LIST -a' | 'LIST';

/** More are not kept. */
const mostIds = 10_000;

/** What the server said of a command that deletes: a refusal is a reply too. */
export type Reply = FTPResponse | FTPError;

/** One signed-in connection. FTP answers in order and has no numbers: one command at a time, but for what {@link deleteIn} sends. */
export class FtpSession {
  readonly #client: Client;
  readonly #ids: Map<string, string>;
  readonly knowsMlsd: boolean;
  /** The form of LIST that this server takes. */
  listCommand: 'LIST -a' | 'LIST' = 'LIST -a';
  /** Whether the server's listings name the folder itself too; undefined until one was seen. */
  showsItself: boolean | undefined;
  /** Where the credential begins: how one comes there is not asked. */
  base: string | undefined;
  /** Where the server puts the user; undefined where it does not say so as a path. */
  readonly home: string | undefined;
  #leased = true;
  #idleSince = 0;

  /** @param ids of the folders that were seen over any connection to the server */
  constructor(
    client: Client,
    { knowsMlsd, home, ids }: { knowsMlsd: boolean; home: string | undefined; ids: Map<string, string> },
  ) {
    this.#client = client;
    this.#ids = ids;
    this.knowsMlsd = knowsMlsd;
    this.home = home;
    // What comes unasked would be taken for the answer to the next command: most often it is a farewell.
    client.ftp.socket.on('data', () => {
      if (!this.#leased) this.close();
    });
  }

  /** What the server was seen to call a folder, of the last that were seen. */
  knownId(folder: string): string | undefined {
    return this.#ids.get(folder);
  }

  learnId(folder: string, id: string): void {
    if (this.#ids.size >= mostIds) this.#ids.clear();
    this.#ids.set(folder, id);
  }

  get ended(): boolean {
    return this.#client.closed;
  }

  /** Milliseconds since it was last used. */
  get idle(): number {
    return this.#leased ? 0 : Date.now() - this.#idleSince;
  }

  set leased(leased: boolean) {
    this.#leased = leased;
    this.#idleSince = Date.now();
  }

  /** One command, exactly as it is given, and its reply. */
  async send(command: string): Promise<FTPResponse> {
    return await within(timeLimits.firstByte, this.#client, this.#client.send(command));
  }

  /**
   * Commands that delete in a folder, and the reply to each. They go between two of which the answers are known, into the
   * folder and where is this: unless every reply comes in its turn it fails, and nothing is known of any command.
   * @param together all in one go; else, and over TLS, the next is sent when the one before was answered: ProFTPD waits for
   *   more from the network while it still has commands that came in one piece
   */
  async deleteIn(folder: string, commands: readonly string[], together: boolean): Promise<readonly Reply[]> {
    const { ftp } = this.#client;
    const inOneGo = together && !ftp.hasTLS;
    const sent = [`CWD ${folder}`, ...commands, 'PWD'];
    if (sent.some((command) => /[\r\n\0]/.test(command))) throw unpaired('A command would be taken for two.');
    const replies: Reply[] = [];
    return await within(timeLimits.firstByte, this.#client, (goesOn) => {
      const answer: Promise<readonly Reply[]> = ftp.handle(undefined, (reply, task) => {
        if (reply instanceof Error && !(reply instanceof FTPError)) return task.reject(reply);
        goesOn();
        if (replies.length < sent.length - 1) {
          if (!isFinal(reply, replies.length === 0)) return task.reject(unpaired(reply.message));
          replies.push(reply);
          if (!inOneGo) ftp.send(sent[replies.length] ?? '');
        } else if (closes(reply, folder, replies[0])) task.resolve(replies.slice(1));
        else task.reject(unpaired(reply.message));
      });
      ftp.socket.cork();
      for (const command of inOneGo ? sent : sent.slice(0, 1)) ftp.send(command);
      ftp.socket.uncork();
      return answer;
    });
  }

  /** Goes into a folder; what the server then says where it is. */
  async enter(folder: string): Promise<string> {
    await this.send(`CWD ${folder}`);
    const { message } = await this.send('PWD');
    const path = pathInReply(message);
    if (path !== undefined) return path;
    throw new StorageError('unsupported', `The server does not say by a path in which folder it is: ${folder}`, {
      detail: message,
    });
  }

  /** The line that MLST says of a path, without following what it says. */
  async describe(path: string): Promise<string | undefined> {
    const { message } = await this.send(`MLST ${path}`);
    return message
      .split('\n')
      .find((line) => line.startsWith(' '))
      ?.slice(1);
  }

  /** The text that a listing of the folder it stands in consists of. */
  async list(command: ListCommand): Promise<string> {
    let text = '';
    this.#client.availableListCommands = [command];
    this.#client.parseList = (raw) => {
      text = raw;
      return [];
    };
    await this.#transfer(() => this.#client.list());
    return text;
  }

  /** All of a file, into what may refuse to take more. */
  async download(path: string, destination: Writable): Promise<void> {
    await this.#transfer(() => this.#client.downloadTo(destination, path));
  }

  /** Where it fails and the connection still stands, it is that for data that could not be opened. */
  async #transfer(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof FTPError || error instanceof StorageError || this.ended) throw error;
      throw noDataConnection(this.#client.ftp.socket.remoteAddress ?? '', error);
    }
  }

  close(): void {
    this.#client.close();
  }
}

const wantedFacts = 'type;size;modify;perm;unique;UNIX.mode;UNIX.owner;UNIX.ownername;UNIX.group;UNIX.groupname;';

/** Connects and signs in. @param onProgress is told how far it has come */
export async function signIn(
  options: FtpOptions,
  network: Network,
  ids: Map<string, string>,
  onProgress: (progress: Progress) => void = () => {},
): Promise<FtpSession> {
  const { username, password, encoding } = options;
  const server = serverOf(options);
  const client = createFtpClient();
  client.ftp.encoding = encoding;
  try {
    await connect(client, options, network, onProgress);
    const utf8 = `OPTS UTF8 ${encoding === 'utf8' ? 'ON' : 'OFF'}`;
    await within(timeLimits.firstByte, client, client.sendIgnoringError(utf8));
    await within(timeLimits.firstByte, client, client.login(username, password)).catch((error: unknown) => {
      throw signInError(error, server);
    });
    const features = await within(timeLimits.firstByte, client, client.features());
    const names = new Set(Array.from(features.keys(), (name) => name.toUpperCase()));
    const knowsMlsd = names.has('MLST') || names.has('MLSD');
    const send = (command: string) => within(timeLimits.firstByte, client, client.send(command));
    const offer = (command: string) => within(timeLimits.firstByte, client, client.sendIgnoringError(command));
    if (client.ftp.hasTLS) {
      await send('PBSZ 0');
      await send('PROT P');
    }
    await send('TYPE I');
    if (knowsMlsd) await offer(`OPTS MLST ${wantedFacts}`);
    // What was said before signing in does not count everywhere.
    await offer(utf8);
    return new FtpSession(client, { knowsMlsd, home: pathInReply((await offer('PWD')).message), ids });
  } catch (error) {
    client.close();
    throw error;
  }
}

/** The server as it stands in sentences. */
export function serverOf({ host, port, tls }: FtpOptions): URL {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return new URL(`${tls === 'implicit' ? 'ftps' : 'ftp'}://${name}:${port}`);
}

/** Connects, and encrypts where that was chosen: before the user's name goes out. */
async function connect(
  client: Client,
  options: FtpOptions,
  network: Network,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const { port, tls } = options;
  const host = options.host.replace(/^\[|\]$/g, '');
  const trust = { ...tlsOptions(network, options), host, ...(isIP(host) === 0 ? { servername: host } : {}) };
  const greeting = tls === 'implicit' ? client.connectImplicitTLS(host, port, trust) : client.connect(host, port);
  const { socket } = client.ftp;
  const giveUp = setTimeout(() => socket.destroy(noAnswer()), timeLimits.connect);
  socket.once('connect', () => {
    clearTimeout(giveUp);
    onProgress('reached');
  });
  socket.once('close', () => clearTimeout(giveUp));
  if (tls === 'implicit') socket.once('secureConnect', () => onProgress('encrypted'));
  await within(timeLimits.connect + timeLimits.firstByte, client, greeting).finally(() => clearTimeout(giveUp));
  if (tls === 'off') onProgress('plain');
  if (tls === 'try' || tls === 'required') await encrypt(client, options, trust, onProgress);
}

/** Explicit TLS. Only a server that does not offer it is spoken to without, and only where that was chosen; one that offers it must get it right. */
async function encrypt(
  client: Client,
  options: FtpOptions,
  trust: Parameters<Client['useTLS']>[0],
  onProgress: (progress: Progress) => void,
): Promise<void> {
  try {
    await within(timeLimits.firstByte, client, client.useTLS(trust));
    onProgress('encrypted');
  } catch (error) {
    if (!(error instanceof FTPError) || error.code < 500) throw error;
    if (options.tls === 'try') return onProgress('plain');
    throw new StorageError('untrusted-server', `The server offers no TLS: ${serverOf(options).host}`, {
      hint: 'Nothing of the credentials was sent. Choose implicit TLS if the server has it on another port.',
      detail: error.message,
      cause: error,
    });
  }
}

/** The path in the reply to PWD: between quotes, and a quote in it doubled (RFC 959). */
function pathInReply(message: string): string | undefined {
  const quoted = /^\d{3} [^"]*"((?:[^"]|"")*)"(?!")/.exec(message)?.[1]?.replaceAll('""', '"');
  return quoted?.startsWith('/') ? quoted : undefined;
}

/** Whether it ends a command that deletes, or the one that goes into the folder: neither 'wait' nor a farewell. */
function isFinal({ code }: Reply, first: boolean): boolean {
  return code === 200 || code === 250 || code === 450 || code >= 500 || (first && code >= 200 && code < 300);
}

/** Whether it answers the question that comes last, as no command that deletes is answered (RFC 959). */
function closes({ code, message }: Reply, folder: string, entered: Reply | undefined): boolean {
  return code === 257 && (entered instanceof FTPError || pathInReply(message) === folder);
}

/**
 * What is answered in time; a connection that stays silent is given up as a whole.
 * @param answer may be given a function that it calls when the server shows that it is at it
 */
async function within<T>(
  limit: number,
  client: Client,
  answer: Promise<T> | ((goesOn: () => void) => Promise<T>),
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(noAnswer());
    client.close();
  }, limit);
  try {
    const answered = typeof answer === 'function' ? answer(() => timer.refresh()) : answer;
    return await Promise.race([answered, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
