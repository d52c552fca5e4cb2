import type { Agent } from 'node:http';
import type { StorageError } from '../../core/errors.ts';
import { isObject, type JsonObject, parseJson } from '../../core/json.ts';
import type { Surroundings } from '../../core/provider.ts';
import type { Start } from '../_shared/entries.ts';
import type { Meanings, Subject } from '../_shared/errorRows.ts';
import { collectBody, type ExactAnswer, type ExactRequest, sendExactly } from '../_shared/exactRequest.ts';
import { createAgent, type Trust } from '../_shared/http.ts';
import { encodeSegment } from '../_shared/keys.ts';
import { orAborted } from '../_shared/orAborted.ts';
import { repeated } from '../_shared/repeated.ts';
import { type Account, readAccount } from './account.ts';
import { type Answer, incomplete, noBucket, Refusal, refusesToken, toB2Error, whenSigningIn } from './errors.ts';

export interface B2Options extends Trust {
  /** Where the keys sign in. */
  readonly server: URL;
  readonly keyId: string;
  readonly applicationKey: string;
  /** The only bucket and prefix that this credential is for, or ''. */
  readonly start: Start;
}

/** What a call is about, for the sentence in its error. */
export interface About {
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
}

type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** How a call's answer is read: undefined where it is none of those. */
type Reader<T> = (answer: JsonObject) => T | undefined;

/** Parameters longer than this go into a body: servers take no endless request line. */
const longestQuery = 4000;

const agentName = 'storage-credentials';

/** Calls of the native API with one application key, signed in when first needed, and how their failures read. */
export class B2Connection {
  readonly options: B2Options;
  readonly agent: Agent;
  readonly #network: Surroundings['network'];
  readonly #learn: (secrets: readonly string[]) => void;
  readonly #agents = new Map<string, Agent>();
  readonly #bucketIds = new Map<string, string>();
  #account: Promise<Account> | undefined;

  constructor(options: B2Options, { network, learn }: Surroundings) {
    this.options = options;
    this.#network = network;
    this.#learn = learn ?? (() => undefined);
    this.agent = this.#agentFor(options.server);
  }

  /** What the key is for, signed in with it once. @param refused the account whose token the server took no more */
  async account(signal: AbortSignal, refused?: Account): Promise<Account> {
    signal.throwIfAborted();
    const known = await orAborted(this.#signedIn(), signal);
    if (known !== refused) return known;
    this.#account = undefined;
    return await orAborted(this.#signedIn(), signal);
  }

  /** What a call that changes nothing answers; asked again when it fails in passing. */
  read<T>(name: string, parameters: Parameters, about: About, signal: AbortSignal, reader: Reader<T>): Promise<T> {
    const query = queryOf(parameters);
    const method = query.length > longestQuery ? 'POST' : 'GET';
    return repeated(() => this.#call(method, name, parameters, about, signal, reader), signal);
  }

  /** What a call that changes something answers; sent once, but once more when the token was refused: then nothing was done. */
  change<T>(
    name: string,
    parameters: Parameters,
    about: About,
    signal: AbortSignal,
    reader: Reader<T>,
    meanings?: Meanings,
  ): Promise<T> {
    return this.#call('POST', name, parameters, about, signal, reader, meanings);
  }

  /** A file's content, still to be read. @param target path and query, encoded */
  async download(target: string, about: About, signal: AbortSignal): Promise<ExactAnswer> {
    try {
      return await this.#withToken(signal, async ({ downloads, token }) => {
        const answer = await this.#send(
          downloads,
          { method: 'GET', target, headers: { authorization: token } },
          signal,
        );
        return answer.status === 200 ? answer : await this.#whole(answer, downloads, signal);
      }).then((answer) => {
        if ('body' in answer) return answer;
        throw new Refusal(answer);
      });
    } catch (error) {
      throw this.fail(error, about, signal);
    }
  }

  /** The id by which calls name a bucket; asked once for each. */
  async bucketId(name: string, signal: AbortSignal): Promise<string> {
    const { accountId, buckets } = await this.#accountFor({ bucket: name }, signal);
    const known = buckets?.find((bucket) => bucket.name === name)?.id ?? this.#bucketIds.get(name);
    if (known !== undefined) return known;
    if (name === '' || buckets) throw noBucket(name);
    const parameters = { accountId, bucketName: name };
    const found = await this.read('b2_list_buckets', parameters, { bucket: name }, signal, readBucketList);
    const id = found.find((bucket) => bucket.bucketName === name)?.bucketId;
    if (typeof id !== 'string') throw noBucket(name);
    this.#bucketIds.set(name, id);
    return id;
  }

  /** Lets the id of a bucket be asked for again: another one may have its name by now. */
  forgetBucket(name: string): void {
    this.#bucketIds.delete(name);
  }

  fail(error: unknown, about: About, signal: AbortSignal, meanings?: Meanings): StorageError {
    const failure = toB2Error(error, this.subject(about), signal, meanings);
    if (failure.kind === 'not-found' && about.bucket !== undefined) this.forgetBucket(about.bucket);
    return failure;
  }

  subject({ bucket, key }: About): Subject {
    return { server: this.options.server, container: bucket, id: key };
  }

  learn(secret: string): void {
    this.#learn([secret]);
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #call<T>(
    method: 'GET' | 'POST',
    name: string,
    parameters: Parameters,
    about: About,
    signal: AbortSignal,
    reader: Reader<T>,
    meanings?: Meanings,
  ): Promise<T> {
    try {
      const path = `/b2api/v4/${name}`;
      const body = method === 'POST' ? JSON.stringify(parameters) : undefined;
      const target = method === 'POST' ? path : `${path}${queryOf(parameters)}`;
      const answer = await this.#withToken(signal, async ({ api, token }) => {
        const sent = await this.#send(api, { method, target, headers: { authorization: token }, body }, signal);
        return await this.#whole(sent, api, signal);
      });
      if (answer.status !== 200) throw new Refusal(answer);
      const said = parseJson(answer.text);
      const result = isObject(said) ? reader(said) : undefined;
      if (result === undefined) throw incomplete(this.subject(about));
      return result;
    } catch (error) {
      throw this.fail(error, about, signal, meanings);
    }
  }

  /** Sends with the token, and once more with a new one where the server says that it is no longer good. */
  async #withToken<A extends ExactAnswer | Answer>(
    signal: AbortSignal,
    send: (account: Account) => Promise<A>,
  ): Promise<A> {
    const account = await this.account(signal);
    const answer = await send(account);
    if (!('text' in answer) || !refusesToken(answer)) return answer;
    return await send(await this.account(signal, account));
  }

  async #accountFor(about: About, signal: AbortSignal): Promise<Account> {
    try {
      return await this.account(signal);
    } catch (error) {
      throw this.fail(error, about, signal);
    }
  }

  #signedIn(): Promise<Account> {
    if (this.#account) return this.#account;
    const signingIn = repeated(() => this.#signIn(), neverAborted);
    this.#account = signingIn;
    // One that failed is tried again when next needed.
    signingIn.catch(() => {
      if (this.#account === signingIn) this.#account = undefined;
    });
    return signingIn;
  }

  /** The only request that carries the application key, and it goes nowhere but to the endpoint. */
  async #signIn(): Promise<Account> {
    const { server, keyId, applicationKey } = this.options;
    const basic = Buffer.from(`${keyId}:${applicationKey}`).toString('base64');
    this.learn(basic);
    const headers = { authorization: `Basic ${basic}` };
    try {
      const asked = { method: 'GET', target: '/b2api/v4/b2_authorize_account', headers };
      const answer = await this.#whole(await this.#send(server, asked, neverAborted), server, neverAborted);
      if (answer.status !== 200) throw new Refusal(answer);
      const account = readAccount(answer.text, server);
      this.learn(account.token);
      return account;
    } catch (error) {
      throw toB2Error(error, { server }, neverAborted, whenSigningIn);
    }
  }

  #send(server: URL, { body, ...asked }: ExactRequest, signal: AbortSignal): Promise<ExactAnswer> {
    const headers = {
      'user-agent': agentName,
      ...asked.headers,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    };
    return sendExactly(server, this.#agentFor(server), { ...asked, headers, body }, signal);
  }

  async #whole(answer: ExactAnswer, server: URL, signal: AbortSignal): Promise<Answer> {
    const { status, headers } = answer;
    const bytes = await collectBody(answer, server, signal);
    try {
      // What is no UTF-8 would come out as another name.
      return { status, headers, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
    } catch {
      throw incomplete({ server });
    }
  }

  #agentFor(url: URL): Agent {
    const known = this.#agents.get(url.origin);
    if (known) return known;
    const agent = createAgent(url, this.#network, this.options);
    this.#agents.set(url.origin, agent);
    return agent;
  }
}

/** The buckets in an answer. */
export function readBucketList({ buckets }: JsonObject): readonly JsonObject[] | undefined {
  return Array.isArray(buckets) && buckets.every(isObject) ? buckets : undefined;
}

const neverAborted = new AbortController().signal;

function queryOf(parameters: Parameters): string {
  const parts = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeSegment(String(value))}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
