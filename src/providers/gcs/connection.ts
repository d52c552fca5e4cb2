import type { Agent } from 'node:http';
import { StorageError } from '../../core/errors.ts';
import type { Surroundings } from '../../core/provider.ts';
import { Agents } from '../_shared/agents.ts';
import type { Start } from '../_shared/entries.ts';
import type { Meanings, Subject } from '../_shared/errorRows.ts';
import { createFetch, type Fetch } from '../_shared/fetch.ts';
import { encodeSegment } from '../_shared/keys.ts';
import { orAborted } from '../_shared/orAborted.ts';
import { repeated } from '../_shared/repeated.ts';
import { type Answer, incomplete, Refusal, toGcsError } from './errors.ts';

export interface GcsOptions {
  readonly server: URL;
  /** The project whose buckets are meant, or ''. */
  readonly project: string;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
  /** The only bucket and prefix that this credential is for, or ''. */
  readonly start: Start;
}

/** Who requests are made as. Its failures are StorageErrors. */
export interface Identity {
  /** Gets a token, unless there is one that holds; gives the account's name where it is known. */
  signIn(): Promise<string | undefined>;
  /** Sends a request with a token in it; whatever status comes back is good. */
  send(url: URL, request: Sent): Promise<Response>;
  /** Lets the next request get a new token: the server took the last one for wrong. */
  forget(): Promise<void>;
  /** The project that the credential belongs to, where it says so. */
  project(): Promise<string | undefined>;
  /** A link that opens an object until then, made without a request. */
  sign(bucket: string, key: string, expires: number): Promise<string>;
}

export interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** A request: its path is given encoded, and goes out so or not at all. */
export interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a call is about, for the sentence in its error. */
export interface About {
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
}

/** Requests to one server as one identity, and how their failures read. */
export class GcsConnection {
  readonly options: GcsOptions;
  readonly agent: Agent;
  readonly identity: Identity;
  /** What the server was found to do without. */
  readonly lacking = new Set<'multiDelete' | 'batch'>();
  /** Buckets that answered. */
  readonly seen = new Set<string>();
  /** Whether buckets keep versions, as far as it was asked, and when. */
  readonly versioning = new Map<string, { readonly on: boolean | undefined; readonly at: number }>();
  readonly #agents: Agents;

  constructor(options: GcsOptions, { network }: Surroundings, identify: (fetch: Fetch) => Identity) {
    this.options = options;
    this.#agents = new Agents(network, options);
    this.agent = this.#agents.at(options.server);
    this.identity = identify(createFetch((url) => this.#agents.at(url)));
  }

  /** Fails with what a person can do where neither the form nor the credential names a project. */
  async project(): Promise<string> {
    const project = this.options.project || (await this.identity.project());
    if (project) return project;
    throw new StorageError('invalid-settings', 'Buckets belong to a project, and none is known.', {
      hint: 'Enter the project, or the name of one bucket.',
    });
  }

  /** A whole resource of the kind that was asked for; asked again when it fails in passing. */
  read<T>(kind: string, asked: Asked, about: About, signal: AbortSignal, meanings?: Meanings): Promise<T> {
    return repeated(async () => {
      const answer = await this.answer(asked, about, signal);
      if (answer.status !== 200) throw this.fail(new Refusal(answer), about, signal, meanings);
      return this.resource<T>(kind, answer, about);
    }, signal);
  }

  /** The resource in an answer; a text that was cut off or is of another kind is an error and never an empty resource. */
  resource<T>(kind: string, { text }: Answer, about: About): T {
    try {
      const parsed = JSON.parse(text) as { readonly kind?: unknown } | null;
      if (parsed?.kind === kind) return parsed as T;
    } catch {
      throw incomplete(this.subject(about));
    }
    throw incomplete(this.subject(about));
  }

  /** The answer to one request, whatever its status. Sent once, but once more when the token was refused: then nothing was done. */
  async answer(asked: Asked, about: About, signal: AbortSignal): Promise<Answer> {
    try {
      const response = await this.open(asked, signal);
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      throw this.fail(error, about, signal);
    }
  }

  /** The same with the body still to be read. */
  async open({ method = 'GET', path, query = {}, headers = {}, body }: Asked, signal: AbortSignal): Promise<Response> {
    const url = new URL(`${path}${queryOf(query)}`, this.options.server);
    if (url.pathname !== path || url.origin !== this.options.server.origin) throw unaddressable(path);
    const sent = { method, headers, signal, ...(body === undefined ? {} : { body }) };
    const send = () => orAborted(this.identity.send(url, sent), signal);
    signal.throwIfAborted();
    const response = await send();
    if (response.status !== 401) return response;
    await response.body?.cancel();
    await this.identity.forget();
    return await send();
  }

  fail(error: unknown, about: About, signal: AbortSignal, meanings?: Meanings): StorageError {
    return toGcsError(error, this.subject(about), signal, meanings);
  }

  subject({ bucket, key }: About): Subject {
    return { server: this.options.server, container: bucket, id: key };
  }

  close(): void {
    this.#agents.close();
  }
}

/** The path of a bucket in the JSON API. */
export function bucketPath(bucket: string): string {
  return `/storage/v1/b/${encodeSegment(bucket)}`;
}

/** The path of an object in the JSON API: its slashes are encoded too. */
export function objectPath(bucket: string, key: string): string {
  return `${bucketPath(bucket)}/o/${encodeSegment(key)}`;
}

/** Fails unless a path names exactly this object: one that lost its name would delete the bucket. */
export function checkObjectPath(path: string, bucket: string, key: string): void {
  const { pathname } = new URL(path, 'http://localhost');
  const [, inBucket = '', name = ''] = /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/.exec(pathname) ?? [];
  if (decodeURIComponent(inBucket) !== bucket || decodeURIComponent(name) !== key)
    throw unaddressable(`${bucket}/${key}`);
}

function queryOf(query: NonNullable<Asked['query']>): string {
  const parts = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [value].flat().map((each) => (each === '' ? name : `${name}=${encodeSegment(String(each))}`));
  });
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function unaddressable(name: string): StorageError {
  return new StorageError('unsupported', `This name can't be addressed exactly, so it was left alone: ${name}`);
}
