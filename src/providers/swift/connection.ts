import type { Agent } from 'node:http';
import { StorageError, stoppedBy } from '../../core/errors.ts';
import type { Surroundings } from '../../core/provider.ts';
import { Agents } from '../_shared/agents.ts';
import type { Start } from '../_shared/entries.ts';
import type { Subject } from '../_shared/errorRows.ts';
import { collectBody, type ExactAnswer, failureOf, sendExactly } from '../_shared/exactRequest.ts';
import type { Trust } from '../_shared/http.ts';
import { encodeKey, encodeSegment } from '../_shared/keys.ts';
import { orAborted } from '../_shared/orAborted.ts';
import { repeated } from '../_shared/repeated.ts';
import { expiredToken, incomplete, isOfSwift, type Meanings, refusalError } from './errors.ts';
import { parseServer } from './servers.ts';
import { type Answer, givenSession, type Login, type Session, signIn } from './signIn.ts';

export interface SwiftOptions extends Trust, Start {
  readonly login: Login;
}

/** What a request is about: the account, a container, or an object in it. */
export interface About {
  readonly container?: string | undefined;
  readonly id?: string | undefined;
}

export interface Asked extends About {
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** A parameter that is '' stands there by its name alone. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Where requests go while nothing was entered: none leaves. */
const nowhere = new URL('https://localhost');

/** An account as signed in: each request exactly as it was meant, and signed in again once when its token was refused. */
export class SwiftConnection {
  readonly options: SwiftOptions;
  /** How many deletions the server takes at once, where it was asked; 0 for none. */
  bulkLimit: number | undefined;
  readonly #agents: Agents;
  readonly #learn: (secrets: readonly string[]) => void;
  #session: Promise<Session> | undefined;
  /** What it came to. */
  #signedIn: Session | undefined;

  constructor(options: SwiftOptions, { network, learn }: Surroundings) {
    this.options = options;
    this.#agents = new Agents(network, options);
    this.#learn = learn ?? (() => undefined);
  }

  /** Where requests go first, as far as that is known without one; what they are for comes last. */
  servers(): readonly URL[] {
    const { login } = this.options;
    const signedIn = givenSession(login) !== undefined;
    const urls = [signedIn ? undefined : parseServer(login.authUrl), parseServer(login.storageUrl)];
    return urls.filter((url) => url !== undefined);
  }

  agentAt(server: URL): Agent {
    return this.#agents.at(server);
  }

  /** The session that there is, or a new one: one sign-in at a time, however many wait for it. */
  async session(signal: AbortSignal): Promise<Session> {
    const [server = nowhere] = this.servers();
    if (signal.aborted) throw stoppedBy(signal, server.host);
    this.#session ??= this.#signIn();
    try {
      return await orAborted(this.#session, signal);
    } catch (error) {
      throw failureOf(error, server, signal);
    }
  }

  /** What a request comes to, whatever its status. Sent once, but once more where the token was refused: then nothing was done. */
  async open(asked: Asked, signal: AbortSignal): Promise<ExactAnswer> {
    const session = await this.session(signal);
    const answer = await this.#send(session, asked, signal);
    if (answer.status !== 401 || !this.renews()) return answer;
    await collectBody(answer, session.storage, signal);
    this.forget(session);
    return await this.#send(await this.session(signal), asked, signal);
  }

  /** The same with its body, whole. */
  async answer(asked: Asked, signal: AbortSignal): Promise<Answer> {
    const answer = await this.open(asked, signal);
    const { server } = await this.subject({});
    return await wholeOf(answer, server, signal);
  }

  /** A good answer of Swift's own; asked again when it fails in passing. For what changes nothing. */
  async read(asked: Asked, signal: AbortSignal): Promise<Answer> {
    return await repeated(async () => this.demand(await this.answer(asked, signal), asked), signal);
  }

  /** What a listing holds: a text that was cut off or is no list is an error and never an empty list. */
  async readList(asked: Asked, signal: AbortSignal): Promise<readonly unknown[]> {
    return await repeated(async () => {
      const answer = await this.demand(await this.answer(asked, signal), asked);
      try {
        const list: unknown = answer.status === 200 ? JSON.parse(answer.text) : undefined;
        if (Array.isArray(list)) return list;
      } catch {
        throw incomplete((await this.subject({})).server);
      }
      throw incomplete((await this.subject({})).server);
    }, signal);
  }

  /** What the server of the account answers at a path beside it, to whoever asks. */
  async askServer(path: string, signal: AbortSignal): Promise<Answer> {
    const { storage } = await this.session(signal);
    const answer = await sendExactly(
      storage,
      this.#agents.at(storage),
      { method: 'GET', target: path, headers: {} },
      signal,
    );
    return await wholeOf(answer, storage, signal);
  }

  /** Fails for what is no good answer of Swift's own. */
  async demand<T extends Omit<ExactAnswer, 'body'>>(answer: T, about: About, meanings?: Meanings): Promise<T> {
    if (answer.status >= 200 && answer.status < 300 && isOfSwift(answer)) return answer;
    throw await this.refusal(answer, about, meanings);
  }

  /** What a refusal means. */
  async refusal(answer: Omit<ExactAnswer, 'body'>, about: About, meanings?: Meanings): Promise<StorageError> {
    const error = refusalError(answer, await this.subject(about), meanings);
    return error.kind === 'unauthenticated' && !this.renews() ? expiredToken(error) : error;
  }

  async subject({ container, id }: About): Promise<Subject> {
    return { server: (await this.session(new AbortController().signal)).storage, container, id };
  }

  /** Whether a refused token can be replaced: one that was entered can't. */
  renews(): boolean {
    return givenSession(this.options.login) === undefined;
  }

  /** Lets the next request sign in again. Requests with the same token fail at about the same time: only the first has the session forgotten. */
  forget(session: Session): void {
    if (this.#signedIn !== session) return;
    this.#session = undefined;
    this.#signedIn = undefined;
  }

  /** Has a secret masked that the server told. */
  learn(secret: string): void {
    this.#learn([secret]);
  }

  close(): void {
    this.#agents.close();
  }

  #signIn(): Promise<Session> {
    const { signal } = new AbortController();
    const session = repeated(
      () =>
        signIn(this.options.login, async (server, request) => {
          const answer = await sendExactly(server, this.#agents.at(server), request, signal);
          return await wholeOf(answer, server, signal);
        }),
      signal,
    );
    const known = session.then((signedIn) => {
      this.#learn([signedIn.token]);
      this.#signedIn = signedIn;
      return signedIn;
    });
    known.catch(() => {
      if (this.#session === known) this.#session = undefined;
    });
    return known;
  }

  #send({ token, storage }: Session, asked: Asked, signal: AbortSignal): Promise<ExactAnswer> {
    const { method = 'GET', query = {}, headers = {}, body } = asked;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const target = `${pathOf(storage, asked)}${queryOf(query)}`;
    const all = { ...headers, ...length, 'x-auth-token': token };
    return sendExactly(storage, this.#agents.at(storage), { method, target, headers: all, body }, signal);
  }
}

async function wholeOf(answer: ExactAnswer, server: URL, signal: AbortSignal): Promise<Answer> {
  const text = (await collectBody(answer, server, signal)).toString('utf8');
  return { status: answer.status, headers: answer.headers, text };
}

/** The path of a request: every name encoded, and nothing that would name something else than was meant. */
function pathOf(storage: URL, { container, id }: About): string {
  const account = storage.pathname.replace(/\/$/, '');
  if (container === undefined) return account;
  if (container === '' || container.includes('/') || id === '') {
    throw new StorageError('unsupported', `This is no container or no object: ${container}/${id ?? ''}`);
  }
  const path = `${account}/${encodeSegment(container)}`;
  return id === undefined ? path : `${path}/${encodeKey(id)}`;
}

function queryOf(query: NonNullable<Asked['query']>): string {
  const parts = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [value === '' ? name : `${name}=${encodeSegment(String(value))}`];
  });
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
