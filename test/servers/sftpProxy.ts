import { once } from 'node:events';
import net from 'node:net';
import ssh2, { type Connection, type FileEntryWithStats, type SFTPWrapper } from 'ssh2';
import { fingerprintOf } from '../../src/providers/sftp/hostKeys.ts';
import { portOf } from './serverProcess.ts';

/** One request of the protocol, by its name, and the path that it names, of one that does. */
export interface SftpRequest {
  readonly name: 'OPENDIR' | 'READDIR' | 'CLOSE' | 'REMOVE' | 'RMDIR' | 'LSTAT' | 'STAT' | 'REALPATH';
  readonly path: string;
}

/** What happens to a request that a rule chose. */
export type SftpFault =
  /** A status of the protocol; the server never sees the request. */
  | { readonly kind: 'status'; readonly code: number }
  | { readonly kind: 'cut-before' }
  /** The server has done it when the connection ends. */
  | { readonly kind: 'cut-after' }
  /** The same of the channel alone: the connection stays. */
  | { readonly kind: 'close-channel' }
  | { readonly kind: 'never-answer' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'change-names'; readonly change: (names: FileEntryWithStats[]) => FileEntryWithStats[] };

export interface SftpRule {
  readonly when: (request: SftpRequest, n: number) => boolean;
  readonly fault: SftpFault;
}

/** Stands between a client and an SFTP server as a server of its own, and breaks the requests that its rules name. */
export interface SftpProxy {
  readonly port: number;
  /** The fingerprint of the key that it shows. */
  readonly hostKey: string;
  readonly requests: readonly SftpRequest[];
  addRule(rule: SftpRule): void;
  reset(): void;
  cut(): void;
  /** From now on it shows another key. */
  changeHostKey(): void;
  /** From now on it lets nobody in. */
  refuseEveryone(): void;
  stop(): Promise<void>;
}

export interface SftpTarget {
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

type Names = 'REALPATH' | 'OPENDIR' | 'REMOVE' | 'RMDIR' | 'LSTAT' | 'STAT';

/** Starts one on 127.0.0.1 in front of a server there, for one user. */
export async function startSftpProxy(target: SftpTarget): Promise<SftpProxy> {
  const [key, otherKey] = [ssh2.utils.generateKeyPairSync('ed25519'), ssh2.utils.generateKeyPairSync('ed25519')];
  const requests: SftpRequest[] = [];
  const rules: { rule: SftpRule; asked: number }[] = [];
  const sockets = new Set<net.Socket>();
  let refusing = false;
  const choose = (request: SftpRequest) => {
    requests.push(request);
    return rules.find((entry) => entry.rule.when(request, entry.asked++))?.rule.fault;
  };
  const speaker = (hostKey: string) =>
    new ssh2.Server({ hostKeys: [hostKey] }, (client) => admit(client, target, choose, () => refusing));
  let speaks = speaker(key.private);
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    speaks.injectSocket(socket);
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [type = '', blob = ''] = key.public.split(' ');
  return {
    port: portOf(server.address()),
    hostKey: fingerprintOf({ type, blob }),
    requests,
    addRule: (rule) => rules.push({ rule, asked: 0 }),
    reset() {
      rules.length = 0;
      requests.length = 0;
    },
    cut,
    changeHostKey() {
      speaks = speaker(otherKey.private);
    },
    refuseEveryone() {
      refusing = true;
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

function admit(
  client: Connection,
  target: SftpTarget,
  choose: (request: SftpRequest) => SftpFault | undefined,
  refuses: () => boolean,
): void {
  client.on('error', () => {});
  client.on('authentication', (context) => {
    const good = context.method === 'password' && context.username === target.username;
    if (good && context.password === target.password && !refuses()) context.accept();
    else context.reject(['password']);
  });
  client.on('session', (accept) => {
    accept().on('sftp', (acceptSftp) => {
      // What comes before there is somebody to answer it would be refused.
      void connectUp(target).then(({ up, end }) => {
        relay(acceptSftp(), up, client, choose);
        client.on('close', end);
      });
    });
  });
}

async function connectUp({ port, username, password }: SftpTarget): Promise<{ up: SFTPWrapper; end: () => void }> {
  const client = new ssh2.Client();
  client.on('error', () => {});
  client.connect({ host: '127.0.0.1', port, username, password });
  await once(client, 'ready');
  const up = await new Promise<SFTPWrapper>((resolve, reject) => {
    client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)));
  });
  return { up, end: () => client.end() };
}

function relay(
  down: SFTPWrapper,
  up: SFTPWrapper,
  client: Connection,
  choose: (request: SftpRequest) => SftpFault | undefined,
): void {
  type Pass = (done: (answer: () => void) => void, fault?: SftpFault) => void;
  /** @param pass does it, and calls back with what sends the answer */
  const handle = (id: number, request: SftpRequest, pass: Pass) => {
    const fault = choose(request);
    switch (fault?.kind) {
      case 'status':
        return void down.status(id, fault.code);
      case 'cut-before':
        return void client.end();
      case 'cut-after':
        return pass(() => client.end());
      case 'close-channel':
        return pass(() => down.end());
      case 'never-answer':
        return;
      case 'delay':
        return pass((answer) => setTimeout(answer, fault.ms));
      default:
        return pass((answer) => answer(), fault);
    }
  };
  const status = (id: number, error: unknown) => () => void down.status(id, codeOf(error));
  const named = (name: Names, pass: (path: string, id: number, done: (answer: () => void) => void) => void) => {
    down.on(name, (id: number, path: string) => handle(id, { name, path }, (done) => pass(path, id, done)));
  };
  named('REALPATH', (path, id, done) => {
    up.realpath(path, (error, found) => done(error ? status(id, error) : () => void down.name(id, [entry(found)])));
  });
  named('OPENDIR', (path, id, done) => {
    up.opendir(path, (error, found) => done(error ? status(id, error) : () => void down.handle(id, found)));
  });
  named('REMOVE', (path, id, done) => up.unlink(path, (error) => done(status(id, error))));
  named('RMDIR', (path, id, done) => up.rmdir(path, (error) => done(status(id, error))));
  named('LSTAT', (path, id, done) => {
    up.lstat(path, (error, found) => done(error ? status(id, error) : () => void down.attrs(id, found)));
  });
  named('STAT', (path, id, done) => {
    up.stat(path, (error, found) => done(error ? status(id, error) : () => void down.attrs(id, found)));
  });
  down.on('READDIR', (id: number, folder: Buffer) => {
    handle(id, { name: 'READDIR', path: '' }, (done, fault) => {
      const change = fault?.kind === 'change-names' ? fault.change : (names: FileEntryWithStats[]) => names;
      up.readdir(folder as unknown as string, (error, names) =>
        done(error ? status(id, error) : () => void down.name(id, change(names))),
      );
    });
  });
  down.on('CLOSE', (id: number, folder: Buffer) => up.close(folder, (error) => void down.status(id, codeOf(error))));
}

function codeOf(error: unknown): number {
  if (!error) return 0;
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : 4;
}

function entry(filename: string): FileEntryWithStats {
  return { filename, longname: filename, attrs: {} as FileEntryWithStats['attrs'] };
}
