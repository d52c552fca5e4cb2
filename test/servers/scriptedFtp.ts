import { once } from 'node:events';
import net from 'node:net';
import { portOf } from './serverProcess.ts';

/** What a server does on one command that deletes. */
export interface Deed {
  /** Whether the file goes. */
  readonly deletes: boolean;
  /** Its replies, each a line without its end, or what it writes as it stands. */
  readonly says: readonly string[];
  /** Whether it ends the connection then, and reads nothing more of it. */
  readonly ends?: true;
  /** What it waits for before it writes anything more, while it goes on with its work. */
  readonly late?: Promise<unknown>;
}

/** An FTP server of one folder that answers as it is told to: what no real server can be brought to do. */
export interface ScriptedFtp {
  readonly port: number;
  readonly folder: string;
  /** The names of the files that are there. */
  readonly files: Set<string>;
  /** What it does on a deletion; undefined for what is right. @param nth since it was started, from 1 */
  script: (nth: number, name: string) => Deed | undefined;
  /** What it says of where one is; undefined for what is right. */
  saysWhere: () => string | undefined;
  /** The bytes that it writes at once at most. */
  pieces: number;
  /** How many deletions came in one go, each time. */
  readonly gos: number[];
  readonly commands: string[];
  connections(): number;
  stop(): Promise<void>;
}

const folder = '/files';

/** Starts one on 127.0.0.1 with these files. */
export async function startScriptedFtp(names: readonly string[]): Promise<ScriptedFtp> {
  const sockets = new Set<net.Socket>();
  let connections = 0;
  let deletions = 0;
  const server = net.createServer((socket) => {
    connections++;
    serve(socket);
  });
  const ftp: Omit<ScriptedFtp, 'port'> = {
    folder,
    files: new Set(names),
    script: () => undefined,
    saysWhere: () => undefined,
    pieces: Number.POSITIVE_INFINITY,
    gos: [],
    commands: [],
    connections: () => connections,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };

  function serve(socket: net.Socket): void {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    let ended = false;
    let writing = Promise.resolve();
    const write = (text: string) => {
      writing = writing.then(async () => {
        for (let from = 0; from < text.length; from += ftp.pieces) {
          socket.write(text.slice(from, from + ftp.pieces));
          if (text.length > ftp.pieces) await new Promise((resolve) => setImmediate(resolve));
        }
      });
    };
    const say = (line: string) => write(`${line}\r\n`);
    let where = folder;
    let data: Promise<net.Socket> | undefined;
    const answer = async (command: string) => {
      const [verb = '', ...rest] = command.split(' ');
      const argument = rest.join(' ');
      if (verb === 'USER') say('331 Password, please');
      else if (verb === 'PASS') say('230 Welcome');
      else if (verb === 'FEAT') say('211 Nothing');
      else if (verb === 'PWD') say(ftp.saysWhere() ?? `257 "${where}" it is`);
      else if (verb === 'CWD' && argument === folder) {
        where = argument;
        say('250 There');
      } else if (verb === 'EPSV') {
        const once_ = net.createServer().listen(0, '127.0.0.1');
        await once(once_, 'listening');
        data = once(once_, 'connection').then(([connected]) => {
          once_.close();
          return connected as net.Socket;
        });
        say(`229 Come in (|||${portOf(once_.address())}|)`);
      } else if (verb === 'LIST' && data) {
        say('150 Here it comes');
        const line = (mode: string, name: string) => `${mode} 1 ann ann 1 Nov 28 2025 ${name}\r\n`;
        const text = [line('drwxr-xr-x', '.'), ...Array.from(ftp.files, (name) => line('-rw-r--r--', name))].join('');
        (await data).end(text);
        say('226 That was it');
      } else if (verb === 'DELE') {
        const name = argument.slice(folder.length + 1);
        const there = ftp.files.has(name);
        const right: Deed = { deletes: true, says: [there ? '250 Gone' : '550 Not here'] };
        const { deletes, says, ends, late } = ftp.script(++deletions, name) ?? right;
        if (deletes) ftp.files.delete(name);
        if (late) writing = writing.then(async () => void (await late));
        for (const each of says) say(each);
        if (ends) {
          ended = true;
          writing = writing.then(() => void socket.destroy());
        }
      } else if (['TYPE', 'OPTS', 'NOOP', 'QUIT'].includes(verb)) say('200 Fine');
      else say('550 No');
    };
    let begun = '';
    let busy = Promise.resolve();
    socket.on('data', (chunk) => {
      const lines = (begun + chunk).split('\r\n');
      begun = lines.pop() ?? '';
      const count = lines.filter((line) => line.startsWith('DELE ')).length;
      if (count > 0) ftp.gos.push(count);
      for (const line of lines) {
        busy = busy.then(async () => {
          if (ended) return;
          ftp.commands.push(line);
          await answer(line);
        });
      }
    });
    say('220 Ready');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(ftp, { port: portOf(server.address()) });
}
