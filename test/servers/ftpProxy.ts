import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import tls from 'node:tls';
import type { Certificate } from './certificates.ts';
import { portOf } from './serverProcess.ts';

/** What happens to a command that a rule chose. */
export type FtpFault =
  /** The server never sees it. */
  | { readonly kind: 'reply'; readonly text: string; readonly close?: true }
  | { readonly kind: 'close-before' }
  /** The server has done it when the connection ends. */
  | { readonly kind: 'close-after' }
  | { readonly kind: 'never-answer' }
  /** The reply's bytes one by one, so many milliseconds apart. */
  | { readonly kind: 'drip'; readonly ms: number }
  /** What the command brings over its second connection comes changed. */
  | { readonly kind: 'change-data'; readonly change: (whole: Buffer) => Buffer }
  /** The second connection is broken after so many bytes. */
  | { readonly kind: 'cut-data'; readonly afterBytes: number }
  /** Encryption is agreed to, under this certificate. */
  | { readonly kind: 'tls'; readonly certificate: Certificate };

/** The first rule whose `when` says true decides; `n` counts this rule's earlier questions, from 0. */
export interface FtpRule {
  readonly when: (command: string, n: number) => boolean;
  readonly fault: FtpFault;
}

/** Stands between a client and an FTP server, reads the commands and breaks those that its rules name. */
export interface FtpProxy {
  readonly port: number;
  readonly commands: readonly string[];
  addRule(rule: FtpRule): void;
  /** Forgets the rules and the commands. */
  reset(): void;
  /** Ends every connection there is. */
  cut(): void;
  stop(): Promise<void>;
}

/** Starts one on 127.0.0.1 in front of a plain FTP server there. */
export async function startFtpProxy(target: number): Promise<FtpProxy> {
  const commands: string[] = [];
  const rules: { rule: FtpRule; asked: number }[] = [];
  const open = new Set<Control>();
  const choose = (command: string) => {
    commands.push(command);
    return rules.find((entry) => entry.rule.when(command, entry.asked++))?.rule.fault;
  };
  const server = net.createServer((client) => {
    const control = new Control(client, target, choose);
    open.add(control);
    client.on('close', () => open.delete(control));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: portOf(server.address()),
    commands,
    addRule: (rule) => rules.push({ rule, asked: 0 }),
    reset() {
      rules.length = 0;
      commands.length = 0;
    },
    cut() {
      for (const control of open) control.end();
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const control of open) control.end();
      await closed;
    },
  };
}

/** One control connection and the data connections that it opens. */
class Control {
  readonly #client: net.Socket;
  readonly #server: net.Socket;
  readonly #choose: (command: string) => FtpFault | undefined;
  /** What is to happen with the reply to the last command, or with the data that it brings. */
  #pending: FtpFault | undefined;
  #replies: Promise<void> = Promise.resolve();

  constructor(client: net.Socket, target: number, choose: (command: string) => FtpFault | undefined) {
    this.#client = client;
    this.#choose = choose;
    this.#server = net.connect(target, '127.0.0.1');
    let rest = '';
    client.setEncoding('latin1').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#command(line);
    });
    this.#server.setEncoding('latin1').on('data', (text: string) => {
      this.#replies = this.#replies.then(() => this.#reply(text));
    });
    for (const socket of [client, this.#server]) {
      socket.on('error', () => this.end());
      socket.on('close', () => this.end());
    }
  }

  end(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #command(line: string): void {
    const fault = this.#choose(line);
    this.#pending = fault;
    switch (fault?.kind) {
      case 'reply':
        this.#client.write(`${fault.text}\r\n`, () => {
          if (fault.close) this.end();
        });
        return;
      case 'close-before':
        this.end();
        return;
      case 'never-answer':
        return;
      case 'tls':
        void this.#encrypt(fault.certificate);
        return;
      default:
        this.#server.write(`${line}\r\n`, 'latin1');
    }
  }

  async #reply(text: string): Promise<void> {
    if (this.#pending?.kind === 'close-after') return this.end();
    const passed = await this.#withOwnPort(text);
    if (this.#pending?.kind !== 'drip') {
      this.#client.write(passed, 'latin1');
      return;
    }
    for (const character of passed) {
      this.#client.write(character, 'latin1');
      await new Promise((resolve) => setTimeout(resolve, this.#pending?.kind === 'drip' ? this.#pending.ms : 0));
    }
  }

  /** A reply that names a port for data names one of ours in its place. */
  async #withOwnPort(text: string): Promise<string> {
    const extended = /^229 .*\(\|\|\|(\d+)\|\)/m.exec(text);
    if (extended) return text.replace(`|||${extended[1]}|`, `|||${await this.#openData(Number(extended[1]))}|`);
    const passive = /^227 .*\((\d+,\d+,\d+,\d+),(\d+),(\d+)\)/m.exec(text);
    if (!passive) return text;
    const [whole, host, high, low] = passive;
    const port = await this.#openData(Number(high) * 256 + Number(low));
    return text.replace(whole, `227 Entering Passive Mode (${host},${port >> 8},${port & 255})`);
  }

  async #openData(target: number): Promise<number> {
    const listener = net.createServer((client) => {
      listener.close();
      const server = net.connect(target, '127.0.0.1');
      const chunks: Buffer[] = [];
      server.on('data', (chunk: Buffer) => chunks.push(chunk));
      server.on('end', () => this.#sendData(client, Buffer.concat(chunks)));
      client.on('data', (chunk: Buffer) => server.write(chunk));
      for (const socket of [client, server]) socket.on('error', () => socket.destroy());
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return portOf(listener.address());
  }

  #sendData(client: net.Socket, whole: Buffer): void {
    const fault = this.#pending;
    if (fault?.kind === 'cut-data') client.write(whole.subarray(0, fault.afterBytes), () => client.resetAndDestroy());
    else client.end(fault?.kind === 'change-data' ? fault.change(whole) : whole);
  }

  async #encrypt({ certFile, keyFile }: Certificate): Promise<void> {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    this.#client.removeAllListeners('data');
    this.#client.write('234 AUTH TLS\r\n', () => {
      const secured = new tls.TLSSocket(this.#client, { isServer: true, cert, key });
      secured.on('error', () => this.end());
    });
  }
}
