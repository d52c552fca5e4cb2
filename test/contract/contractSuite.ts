import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { providerFolders } from '../../scripts/registry.mjs';
import { parseDraft } from '../../src/core/drafts.ts';
import { StorageError } from '../../src/core/errors.ts';
import type { Draft } from '../../src/core/fields.ts';
import type { Network, Provider } from '../../src/core/provider.ts';
import type { Call, Capability, Entry, Outcome, Place, StorageClient, Target } from '../../src/core/storageClient.ts';
import { concludeVerification, type Verification } from '../../src/core/verification.ts';
import { folderEntry } from '../../src/providers/_shared/entries.ts';
import { fileEntry } from '../../src/providers/_shared/files.ts';
import { type FaultProxy, type RecordedRequest, startFaultProxy } from '../servers/faultProxy.ts';
import { isSendable, oddKeys } from '../support/oddKeys.ts';
import type { ContractServer, ContractServers, Doing } from './contractServer.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** A network without proxy and further certificates. */
export const direct: Network = { proxyFor: () => undefined, certificates: [] };

/** One provider against one server, with what a test needs in between. */
export class Contract {
  readonly provider: Provider;
  readonly server: ContractServer;
  readonly #opened: (StorageClient | FaultProxy)[] = [];

  constructor(provider: Provider, server: ContractServer) {
    this.provider = provider;
    this.server = server;
  }

  /** Whether containers are folders of a tree of files here. */
  get isTree(): boolean {
    return this.provider.folders.real;
  }

  /** `it` for what is seen or broken on the wire. */
  get overHttp() {
    return it.runIf(!this.server.opaque);
  }

  /** `it` for what only stores of objects have: containers by themselves, and names that can be anything. */
  get ofObjects() {
    return it.runIf(!this.isTree);
  }

  /** The place of a container. */
  place(container: string): Place {
    return this.isTree ? { kind: 'folder', id: this.#entry('folder', container, '').id } : containerPlace(container);
  }

  /** A container as a listing would have given it. */
  containerEntry(container: string): Entry {
    return this.isTree
      ? this.#entry('folder', container, '')
      : { kind: 'container', id: container, name: container, path: container };
  }

  /** A folder in it. @param name with its slash at the end */
  folderEntry(container: string, name: string): Entry {
    return this.isTree ? this.#entry('folder', container, name.replace(/\/$/, '')) : folderEntry(container, name, '');
  }

  /** The target of an object as a listing would have given it, but for its facts. */
  target(container: string, id: string): Target {
    return this.isTree ? { entry: this.#entry('object', container, id), mode: 'recoverable' } : targetOf(container, id);
  }

  /** What objects are called within their container, as the server's own ids. */
  namesOf(container: string, entries: readonly Entry[]): string[] {
    const base = this.isTree ? `${this.#entry('folder', container, '').id.replace(/\/$/, '')}/` : '';
    const nameOf = this.server.webTree?.nameOf ?? ((name: string) => name);
    return entries.flatMap(({ kind, id }) => {
      if (kind !== 'object') return [];
      expect(id.startsWith(base), id).toBe(true);
      return [nameOf(id.slice(base.length))];
    });
  }

  #entry(kind: 'folder' | 'object', container: string, id: string): Entry {
    const { webTree, pathOf } = this.server;
    if (webTree) return webTree.entryOf(kind, container, id);
    return fileEntry(kind, pathOf?.(container, id) ?? expect.unreachable('A tree of files needs pathOf.'));
  }

  /** Opens a client from a form, as the program does: the good one, with changes. Suites name the capabilities they need. */
  async open(
    change: Draft = {},
    origin = this.server.origin,
    network = this.network(),
  ): Promise<Required<StorageClient>> {
    const draft = { ...this.server.draft(origin), ...change };
    const { settings, secrets, issues } = parseDraft(this.provider.fields, draft);
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    const client = await this.provider.open({ settings, secrets, network });
    this.#opened.push(client);
    return client as Required<StorageClient>;
  }

  /** How the machine reaches servers. */
  network(proxy?: URL): Network {
    const { frontCertificate, caFile } = this.server;
    const trusted = frontCertificate && caFile !== undefined ? [readFileSync(caFile, 'utf8')] : [];
    return { proxyFor: () => proxy, certificates: trusted };
  }

  /** A proxy that breaks requests, in front of the server. */
  async proxy(options: Partial<Parameters<typeof startFaultProxy>[0]> = {}): Promise<FaultProxy> {
    const { origin, caFile, frontCertificate: tls } = this.server;
    const trust = caFile === undefined ? {} : { targetCaFile: caFile };
    const front = { ...trust, ...(tls ? { tls } : {}), ...this.server.proxy };
    const proxy = await startFaultProxy({ target: origin, ...front, ...options });
    this.#opened.push(proxy);
    return proxy;
  }

  /** A container with these objects. */
  async fill(ids: readonly string[]): Promise<string> {
    const container = await this.server.createContainer();
    await inParallel(ids, 16, (id) => this.server.put(container, id));
    return container;
  }

  /** A container with all odd names that the provider can address and the server can store, and those names. */
  async fillWithOddKeys(): Promise<{ container: string; stored: string[] }> {
    const { refused, unstorable } = this.server;
    const container = await this.server.createContainer();
    const possible = oddKeys.filter((key) => isSendable(key) && !refused?.has(key) && !unstorable?.has(key));
    for (const key of possible) {
      await this.server.put(container, key).catch((error: unknown) => expect(error).toBeInstanceOf(Error));
    }
    const stored = [...(await this.server.ids(container))];
    expect(stored.length).toBeGreaterThanOrEqual(possible.length - 3);
    expect(stored.length).toBeGreaterThanOrEqual(this.isTree ? 40 : 50);
    expect(stored.filter((key) => !oddKeys.includes(key))).toEqual([]);
    return { container, stored };
  }

  /** Verifies at the root, or where the draft's container is, and concludes. */
  async verify(client: StorageClient, at: Place = { kind: 'root' }): Promise<Verification> {
    const steps = await collect(client.verify(at, call()));
    const verification = concludeVerification(steps, Date.now());
    this.expectNoSecret(verification);
    return verification;
  }

  /** The error that a call must end with; no secret may stand anywhere in it. */
  async failureOf(attempt: Promise<unknown>): Promise<StorageError> {
    const error = await attempt.then(
      (value: unknown) => expect.unreachable(`It should have failed, but gave ${inspect(value)}`),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StorageError);
    this.expectNoSecret(error);
    return error as StorageError;
  }

  /** The outcomes of a removal; one that failed as a whole gives its error to every target, as the engine does. */
  async remove(client: Required<StorageClient>, container: string, ids: readonly string[], signal = neverAborted()) {
    const targets = ids.map((id) => this.target(container, id));
    const outcomes = await client.remove(targets, { signal }).catch((error: unknown): readonly Outcome[] => {
      expect(error).toBeInstanceOf(StorageError);
      return targets.map((target) => ({ target, result: 'failed', error: error as StorageError }));
    });
    expect(outcomes.map(({ target }) => target)).toEqual(targets);
    this.expectNoSecret(outcomes);
    return outcomes.map(({ result, error }, index) => ({ id: ids[index], result, kind: error?.kind }));
  }

  /** The requests that came through a proxy, a line each: paths, and methods of what deletes. */
  lines(proxy: FaultProxy): string[] {
    const { lineOf = ({ method, target }) => (method === 'DELETE' ? 'DELETE ' : '') + target.split('?')[0] } =
      this.server;
    return proxy.requests.map((request) => lineOf(request));
  }

  /** Such a line of the one request that does this with an object. */
  lineFor(doing: Doing, container: string, id: string): string {
    const { lineFor, target } = this.server;
    return lineFor?.(doing, container, id) ?? (doing === 'delete' ? 'DELETE ' : '') + target(container, id);
  }

  /** How many requests delete so many objects at once, unconditionally. */
  requestsFor(targets: number): number {
    return this.server.requestsPerBatch?.(targets, false) ?? 1;
  }

  /** The requests that came through a proxy and ask for something to be deleted. */
  deletions(proxy: FaultProxy): readonly RecordedRequest[] {
    return proxy.requests.filter((request) => this.server.deletedBy(request).length > 0);
  }

  expectNoSecret(value: unknown): void {
    const text = inspect(value, { depth: 20, maxArrayLength: null, maxStringLength: null, showHidden: true });
    for (const secret of this.server.secrets) {
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
        expect(text.includes(form), 'a secret stands in what the provider answered').toBe(false);
      }
    }
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.splice(0)) {
      if ('stop' in opened) await opened.stop();
      else await opened[Symbol.asyncDispose]();
    }
  }
}

/** Declares a suite for every server of every provider that has the capabilities it needs, where it makes sense. */
export async function contractSuite(
  title: string,
  needs: readonly Capability[],
  declare: (contract: Contract) => void,
  makesSense: (provider: Provider, server: ContractServer) => boolean = () => true,
  ids: readonly string[] = providerFolders(root),
): Promise<void> {
  for (const id of ids) {
    const module = path.join(import.meta.dirname, `${id}.server.ts`);
    if (!existsSync(module))
      throw new Error(`The provider ${id} has no contract server: add test/contract/${id}.server.ts`);
    const { contractServers } = (await import(module)) as { contractServers: ContractServers };
    const { default: provider } = (await import(path.join(root, 'src/providers', id, 'provider.ts'))) as {
      default: Provider;
    };
    if (!needs.every((capability) => provider.capabilities.has(capability))) continue;
    const { servers, missing } = await contractServers(title);
    for (const sentence of missing) {
      console.log(`Skipped: ${title} of ${provider.label}. ${sentence}`);
      it.skip(`${title}: ${provider.label}. ${sentence}`);
    }
    for (const server of servers) {
      const runs = (server.suites?.includes(title) ?? true) && !server.spared?.includes(title);
      if (!makesSense(provider, server) || !runs) {
        await server.stop?.();
        continue;
      }
      describe(`${title}: ${provider.label} on ${server.name}`, () => {
        const contract = new Contract(provider, server);
        afterEach(() => server.cleanUp?.());
        afterAll(async () => {
          await contract.close();
          await server.stop?.();
        });
        declare(contract);
      });
    }
  }
}

/** The same for what one provider alone has. */
export async function providerSuite(
  id: string,
  title: string,
  needs: readonly Capability[],
  declare: (contract: Contract) => void,
): Promise<void> {
  await contractSuite(title, needs, declare, undefined, [id]);
}

/** Whether a request asks for something and changes nothing. */
export function isReading({ method }: RecordedRequest): boolean {
  return ['GET', 'HEAD', 'OPTIONS', 'PROPFIND'].includes(method);
}

/** Everything that a stream brings. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of stream) all.push(each);
  return all;
}

/** A call that nobody cancels. */
export function call(): Call {
  return { signal: neverAborted() };
}

/** The target of an object as a listing would have given it. */
export function targetOf(container: string, id: string): Target {
  return { entry: { kind: 'object', container, id, name: id, path: `${container}/${id}` }, mode: 'recoverable' };
}

/** The place of a container. */
export function containerPlace(id: string): Place {
  return { kind: 'container', id };
}

/** Every entry directly at a place, page after page. */
export async function listAll(client: StorageClient, at: Place, prefix?: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | undefined;
  do {
    const query = { ...(cursor === undefined ? {} : { cursor }), ...(prefix === undefined ? {} : { prefix }) };
    const page = await client.list(at, query, call());
    entries.push(...page.entries);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return entries;
}

/** Names sorted by their UTF-8 bytes, as stores list them. */
export function byBytes(names: readonly string[]): string[] {
  return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** Runs `work` on every item, `width` at a time. */
export async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>) {
  const queue = items.values();
  const drain = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: width }, drain));
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
