import { StorageError, stoppedBy } from '../../core/errors.ts';
import type { Network } from '../../core/provider.ts';
import { orAborted } from '../_shared/orAborted.ts';
import { connectionLost, replyCode, toFtpError } from './errors.ts';
import { resolveBase } from './folders.ts';
import { type FtpOptions, type FtpSession, type Progress, serverOf, signIn } from './session.ts';

/** After so long a server may have closed what nobody used: it is asked before it is trusted with a command. */
const trustedIdle = 5000;

/** The connections to one server: never more at once than was chosen, each signed in once and used again. */
export class FtpConnection {
  readonly options: FtpOptions;
  readonly server: URL;
  readonly #network: Network;
  readonly #ids = new Map<string, string>();
  readonly #idle: FtpSession[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #leased = new Set<FtpSession>();
  #used = 0;
  #limit: number;
  #base: Promise<string> | undefined;
  #knownBase: string | undefined;
  /** Ends when the sign-in under way has ended: one at a time, lest a server takes many refused ones for an attack. */
  #signingIn: Promise<unknown> = Promise.resolve();
  /** Whether the server may be told several things in one go: until it once did not answer each in its turn. */
  together = true;
  #closed = false;

  constructor(options: FtpOptions, network: Network) {
    this.options = options;
    this.server = serverOf(options);
    this.#network = network;
    this.#limit = options.connections;
  }

  /** How many commands can be under way at once. */
  get width(): number {
    return this.#limit;
  }

  /** The folder where the credential begins, as the server itself calls it. */
  async base(signal: AbortSignal): Promise<string> {
    this.#base ??= this.#findBase();
    const base = this.#base;
    return await orAborted(base, signal).catch((error: unknown) => {
      throw toFtpError(error, { server: this.server }, signal);
    });
  }

  /**
   * Works with one connection, which is nobody else's meanwhile.
   * Fails with 'unreachable' when it ends before the answer comes: then the fate of the command is not known.
   */
  async use<T>(id: string, signal: AbortSignal, work: (session: FtpSession) => Promise<T>): Promise<T> {
    const session = await this.#lease(signal);
    session.base ??= this.#knownBase;
    try {
      return await orAborted(work(session), signal);
    } catch (error) {
      if (signal.aborted || !isAnswered(error)) session.close();
      throw toFtpError(error, { server: this.server, id }, signal);
    } finally {
      this.#release(session);
    }
  }

  /** The same for what may be asked twice: whether a connection still stands shows only when it is used. */
  async useAgain<T>(id: string, signal: AbortSignal, work: (session: FtpSession) => Promise<T>): Promise<T> {
    try {
      return await this.use(id, signal, work);
    } catch (error) {
      if (!(error instanceof StorageError) || error.kind !== 'unreachable' || signal.aborted) throw error;
      return await this.use(id, signal, work);
    }
  }

  /** Signs in anew, telling how far it has come, and keeps that connection for later. */
  async signInAnew(onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<void> {
    await this.#take(signal);
    this.#idle.pop()?.close();
    const signingIn = signIn(this.options, this.#network, this.#ids, onProgress);
    try {
      const session = await orAborted(signingIn, signal);
      session.leased = false;
      this.#idle.push(session);
    } catch (error) {
      signingIn.then((session) => session.close()).catch(() => {});
      throw toFtpError(error, { server: this.server }, signal);
    } finally {
      this.#giveBack();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const session of [...this.#idle.splice(0), ...this.#leased]) session.close();
  }

  #findBase(): Promise<string> {
    const never = new AbortController().signal;
    const { basePath } = this.options;
    const base = this.useAgain(basePath || this.server.host, never, (session) => resolveBase(session, basePath));
    base.then(
      (path) => {
        this.#knownBase = path;
      },
      () => {
        if (this.#base === base) this.#base = undefined;
      },
    );
    return base;
  }

  async #lease(signal: AbortSignal): Promise<FtpSession> {
    await this.#take(signal);
    let session: FtpSession | undefined;
    try {
      session = (await this.#idleOne()) ?? (await this.#open(signal));
    } finally {
      if (!session) this.#giveBack();
    }
    if (session) {
      session.leased = true;
      this.#leased.add(session);
      if (this.#closed || signal.aborted) {
        this.#release(session);
        throw signal.aborted ? stoppedBy(signal, this.server.host) : connectionLost(this.server);
      }
      return session;
    }
    return await this.#lease(signal);
  }

  /** Undefined when one that is there already is to be used or waited for: others came free, or the server allows no more. */
  async #open(signal: AbortSignal): Promise<FtpSession | undefined> {
    const opening = this.#signingIn.then(async () => {
      if (signal.aborted || this.#closed || this.#idle.length > 0 || this.#leased.size >= this.#limit) return undefined;
      return await this.#signIn();
    });
    this.#signingIn = opening.catch(() => {});
    return await orAborted(opening, signal).catch((error: unknown) => {
      opening.then((session) => session?.close()).catch(() => {});
      throw toFtpError(error, { server: this.server }, signal);
    });
  }

  async #signIn(): Promise<FtpSession | undefined> {
    try {
      return await signIn(this.options, this.#network, this.#ids);
    } catch (error) {
      const others = this.#leased.size + this.#idle.length;
      if (others === 0 || replyCode(error) === undefined) throw error;
      this.#limit = Math.min(this.#limit, others);
      return undefined;
    }
  }

  async #idleOne(): Promise<FtpSession | undefined> {
    for (let session = this.#idle.pop(); session; session = this.#idle.pop()) {
      const { idle } = session;
      session.leased = true;
      if (!session.ended && (idle < trustedIdle || (await answers(session)))) return session;
      session.close();
    }
    return undefined;
  }

  /** Waits for its turn. */
  async #take(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw stoppedBy(signal, this.server.host);
    if (this.#closed) throw connectionLost(this.server);
    while (this.#used >= this.#limit) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await orAborted(promise, signal).catch(() => {
        // Its turn may have come already: then it is the next one's.
        if (!this.#waiting.includes(resolve)) this.#waiting.shift()?.();
        else this.#waiting.splice(this.#waiting.indexOf(resolve), 1);
        throw stoppedBy(signal, this.server.host);
      });
      if (this.#closed) {
        this.#waiting.shift()?.();
        throw connectionLost(this.server);
      }
    }
    this.#used++;
  }

  #giveBack(): void {
    this.#used--;
    this.#waiting.shift()?.();
  }

  #release(session: FtpSession): void {
    this.#leased.delete(session);
    session.leased = false;
    if (this.#closed) session.close();
    if (!session.ended) this.#idle.push(session);
    this.#giveBack();
  }
}

async function answers(session: FtpSession): Promise<boolean> {
  return await session.send('NOOP').then(
    () => true,
    () => false,
  );
}

/** Whether the server has said all that it had to say: then the connection is good for the next command. */
function isAnswered(error: unknown): boolean {
  if (error instanceof StorageError && error.kind !== 'unreachable') return true;
  return (replyCode(error) ?? 0) >= 500;
}
