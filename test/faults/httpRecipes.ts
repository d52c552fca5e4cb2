import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { CreateBucketCommand, PutObjectCommand, PutObjectRetentionCommand, type S3Client } from '@aws-sdk/client-s3';
import { vi } from 'vitest';
import { inParallel } from '../contract/contractSuite.ts';
import type { Certificates } from '../servers/certificates.ts';
import { startConnectProxy } from '../servers/connectProxy.ts';
import type { Fault, FaultProxyOptions } from '../servers/faultProxy.ts';
import type { Middle, Recipe, Scene, Told } from './cell.ts';
import { type Dialect, dialects, type Reason } from './dialects.ts';
import { breakForGood, breakSome, type HttpMiddle, type HttpScene, isDeletion, isListing } from './httpMiddle.ts';
import type { FaultKind } from './kinds.ts';

export type HttpProvider = keyof typeof dialects;

/** A recipe, or the reason why there is none. */
export type RecipeOrReason<M extends Middle> = (Recipe<M> & { readonly middle?: Partial<FaultProxyOptions> }) | string;

type HttpRecipe = RecipeOrReason<HttpMiddle>;

/** How each fault is made at the servers that speak HTTP. */
export function httpRecipe(kind: FaultKind, id: HttpProvider, certificates: Certificates): HttpRecipe {
  const dialect: Dialect = dialects[id];
  const everywhere = (fault: Fault, most?: number): HttpRecipe => ({
    whilePlanning: true,
    arm(scene) {
      breakSome(scene, isListing(scene), fault, most);
      breakSome(scene, isDeletion(scene), fault, most);
    },
  });
  const deletions = (fault: Fault, most?: number): HttpRecipe => ({
    arm: (scene) => breakSome(scene, isDeletion(scene), fault, most),
  });
  const listings = (fault: Fault): HttpRecipe => ({
    whilePlanning: true,
    arm: (scene) => breakSome(scene, isListing(scene), fault),
  });
  const refusedForGood = (reason: Reason): HttpRecipe => ({
    arm: (scene) => refuseChosen(scene, dialect, reason),
    judge: (outcomes, { chosen }) => mustStay(outcomes, chosen),
  });
  // The answer to a deletion is its status alone.
  const bodiless = id === 'webdav';
  switch (kind) {
    case '503':
      return everywhere(dialect.refusal('busy'));
    case '429 with Retry-After':
      return everywhere({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 2);
    case '500':
      return everywhere(dialect.refusal('trouble'));
    case 'reset before it is done':
      return everywhere({ kind: 'reset-before' });
    case 'reset after it is done':
      return everywhere({ kind: 'reset-after' });
    case 'answer cut off':
      return (bodiless ? listings : everywhere)({ kind: 'cut-body', afterBytes: 60 });
    case 'answer ends early, length right':
      return (bodiless ? listings : everywhere)({
        kind: 'replace-body',
        body: (whole) => whole.subarray(0, whole.length >> 1),
      });
    case '200 with an error in it':
      return deletions(dialect.goodWithError());
    case 'some refused for trouble':
      return refusedForGood('trouble');
    case 'some refused as changed':
      return refusedForGood('changed');
    case 'some refused as forbidden':
      return forbidden(refusedForGood('forbidden'), id);
    case 'some locked':
      return locked(refusedForGood('locked'), id);
    case 'clock skew':
      if (id === 's3') return deletions(dialect.refusal('skew'), 2);
      if (id === 'azureBlob') return deletions(dialect.refusal('skew'), 1);
      return 'requests carry no time';
    case 'token expires, and is renewed':
      return renewed(deletions(dialect.refusal('expired'), 1), id);
    case 'token expires for good':
      return {
        arm: (scene) => breakForGood(scene, dialect.refusal('expired')),
        judge: (outcomes) => mustEndAs(outcomes, ['unauthenticated', 'expired', 'forbidden']),
      };
    case 'sent elsewhere':
      return elsewhere();
    case 'never answered':
      return everywhere({ kind: 'never-answer' }, 1);
    case 'slow drip':
      return (bodiless ? listings : everywhere)({ kind: 'drip', ms: 10 });
    case 'name not found':
      return nameNotFound(dieAtSecondDeletion);
    case 'certificate changes':
      return certificateChanges(certificates);
    case 'proxy asks for a sign-in':
      return proxySignIn();
    case 'wrong length':
      return wrongLength(bodiless);
    case 'things twice in a page':
      return listings({ kind: 'replace-body', body: (page) => dialect.doubled(page) });
    case 'pages in a circle':
      return bodiless ? 'a folder comes in one answer' : circle();
    case 'added and changed meanwhile':
      return addedAndChanged((scene) => {
        scene.middle.proxy.addRule({
          when: (request) => {
            const first = isDeletion(scene)(request);
            if (first) scene.hit();
            return first;
          },
          fault: {
            kind: 'answer',
            by: async (_request, forward) => {
              await scene.contract.server.put(scene.container, 'k/new');
              return await forward();
            },
          },
        });
      });
  }
}

/** Every deletion of the chosen is refused: together with others in part, by itself as a whole. */
function refuseChosen(scene: HttpScene, dialect: Dialect, reason: Reason): void {
  const { contract, middle, chosen } = scene;
  const { deletedBy } = contract.server;
  const meets = (names: readonly string[]) => names.some((name) => chosen.has(name));
  const { partly } = dialect;
  middle.proxy.addRule({
    when(request) {
      const meant = request.method === 'POST' && partly !== undefined && meets(deletedBy(request));
      if (meant) scene.hit();
      return meant;
    },
    fault: partly?.(contract, chosen, reason) ?? { kind: 'delay', ms: 0 },
  });
  middle.proxy.addRule({
    when(request) {
      const names = deletedBy(request);
      const meant = names.length === 1 && meets(names);
      if (meant) scene.hit();
      return meant;
    },
    fault: dialect.refusal(reason),
  });
}

function mustStay(outcomes: readonly Told[], chosen: ReadonlySet<string>): string[] {
  return outcomes.flatMap(({ name, result }) => {
    const done = result === 'deleted' || result === 'already-gone';
    return chosen.has(name) === done
      ? [`${chosen.has(name) ? 'Refused' : 'Not refused'}, and it is ${result}: ${name}`]
      : [];
  });
}

function mustEndAs(outcomes: readonly Told[], kinds: readonly string[]): string[] {
  const last = outcomes.filter(({ error }) => error !== undefined).map(({ error }) => error?.kind ?? '');
  return last.some((kind) => kinds.includes(kind)) ? [] : [`No outcome says why, but: ${[...new Set(last)]}`];
}

/** By the server itself, where it can. */
function forbidden(injected: HttpRecipe, id: HttpProvider): HttpRecipe {
  if (typeof injected === 'string' || id === 'azureBlob' || id === 'swift') return injected;
  return {
    ...injected,
    async prepare({ contract, container, chosen, hit }) {
      await contract.server.refuseDeletion?.(container, [...chosen]);
      hit();
    },
    arm() {},
  };
}

/** By the server itself, where it can. */
function locked(injected: HttpRecipe, id: HttpProvider): HttpRecipe {
  if (id === 'swift') return 'it has no locks';
  if (typeof injected === 'string' || id === 'webdav') return injected;
  return {
    ...injected,
    ...(id === 's3' || id === 'b2' ? { versions: true as const } : {}),
    ...(id === 's3'
      ? { fill: ({ server }, ids) => fillLocking((server as unknown as { judge: S3Client }).judge, ids) }
      : {}),
    async prepare({ contract, container, chosen, hit }) {
      const { judge } = contract.server as unknown as { judge: S3Client };
      if (id === 's3') await retain(judge, container, [...chosen]);
      else await contract.server.lock?.(container, [...chosen]);
      hit();
    },
    arm() {},
    judge: (outcomes, { chosen }) => [
      ...mustStay(outcomes, chosen),
      ...outcomes
        .filter(({ name, result }) => chosen.has(name) && result !== 'locked')
        .map(({ name, result }) => `It is locked, and said to be ${result}: ${name}`),
    ],
  };
}

let made = 0;

async function fillLocking(judge: S3Client, ids: readonly string[]): Promise<string> {
  const Bucket = `locking-${process.pid}-${Date.now().toString(36)}-${++made}`;
  await judge.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  await inParallel(ids, 16, async (Key) => {
    await judge.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  });
  return Bucket;
}

async function retain(judge: S3Client, Bucket: string, keys: readonly string[]): Promise<void> {
  const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(Date.now() + 86_400_000) } as const;
  for (const Key of keys) await judge.send(new PutObjectRetentionCommand({ Bucket, Key, Retention }));
}

/** Where a refused token is replaced by a new one, all must be gone in the end. */
function renewed(injected: HttpRecipe, id: HttpProvider): HttpRecipe {
  if (typeof injected === 'string') return injected;
  if (id === 'azureBlob') return 'account keys and SAS tokens are not renewed';
  if (id === 'webdav') return 'each request is signed in by itself';
  const judge: Recipe<HttpMiddle>['judge'] = (outcomes) => mustStay(outcomes, new Set());
  if (id !== 's3') return { ...injected, judge };
  return {
    ...injected,
    judge,
    // The keys of this machine, which are looked for again.
    draft: ({ contract, defer }) => {
      const { accessKeyId = '', secretAccessKey = '' } = contract.server.draft('');
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
      defer(() => {
        for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) Reflect.deleteProperty(process.env, name);
      });
      return { credentialsChain: true, accessKeyId: '', secretAccessKey: '' };
    },
  };
}

/** Where a redirect points, no credential and no deletion must arrive. */
function elsewhere(): HttpRecipe {
  const asked: { authorized: number; deletions: number } = { authorized: 0, deletions: 0 };
  return {
    async arm(scene) {
      const other = await scene.contract.proxy();
      for (const status of [301, 307]) {
        breakSome(scene, isDeletion(scene), { kind: 'redirect', status, location: `${other.endpoint}/elsewhere` }, 2);
      }
      scene.defer(() => {
        const isSigned = ({ name }: { name: string }) => /^(authorization|x-auth-token)$/i.test(name);
        asked.authorized = other.requests.filter(({ headers }) => headers.some(isSigned)).length;
        asked.deletions = other.requests.filter(isDeletion(scene)).length;
        if (asked.authorized + asked.deletions > 0) throw new Error('A request went where a redirect pointed.');
      });
    },
  };
}

/** The resolver finds the server until the second deletion, and never after. */
export function nameNotFound<M extends Middle>(dieAt: (scene: Scene<M>, die: () => void) => void): Recipe<M> {
  return {
    origin: (origin) => origin.replace('127.0.0.1', 'localhost'),
    arm(scene) {
      const real = dns.lookup;
      let lost = false;
      const spy = vi.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: never[]) => {
        if (!lost || host !== 'localhost') return (real as (...args: unknown[]) => unknown)(host, ...rest);
        scene.hit();
        const done = rest.at(-1) as unknown as (error: Error) => void;
        const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
        return process.nextTick(done, error);
      }) as never);
      scene.defer(() => spy.mockRestore());
      dieAt(scene, () => {
        lost = true;
      });
    },
    // Who still has a connection needs no name.
    judge: (outcomes) => (outcomes.some(({ error }) => error) ? mustEndAs(outcomes, ['unreachable']) : []),
  };
}

/** Ends every connection at the second deletion, which is not passed on. */
function dieAtSecondDeletion(scene: HttpScene, die: () => void | Promise<void>): void {
  let deletions = 0;
  scene.middle.proxy.addRule({
    when(request) {
      if (!isDeletion(scene)(request) || ++deletions !== 2) return false;
      void Promise.resolve(die()).then(() => scene.middle.cut());
      return true;
    },
    fault: { kind: 'never-answer' },
  });
}

function certificateChanges({ server, selfSigned, caFile }: Certificates): HttpRecipe {
  return {
    middle: { tls: server },
    draft: ({ contract }) => contract.server.changes.trust(readFileSync(caFile, 'utf8')),
    arm(scene) {
      dieAtSecondDeletion(scene, async () => {
        await scene.middle.proxy.showCertificate(selfSigned);
        scene.hit();
      });
    },
    judge: (outcomes) => mustEndAs(outcomes, ['untrusted-server']),
  };
}

function proxySignIn(): HttpRecipe {
  const options: { refuse?: number } = {};
  return {
    async network(scene) {
      const proxy = await startConnectProxy(options);
      scene.defer(() => proxy.stop());
      return { proxyFor: () => new URL(proxy.url), certificates: [] };
    },
    arm(scene) {
      dieAtSecondDeletion(scene, () => {
        options.refuse = 407;
        scene.hit();
      });
    },
    judge: (outcomes) => mustEndAs(outcomes, ['unreachable']),
  };
}

function wrongLength(bodiless: boolean): HttpRecipe {
  return {
    whilePlanning: true,
    arm(scene) {
      for (const by of [25, -25]) {
        breakSome(scene, isListing(scene), { kind: 'wrong-length', by }, 1);
        if (!bodiless) breakSome(scene, isDeletion(scene), { kind: 'wrong-length', by }, 1);
      }
    },
  };
}

/** The first page says that it goes on, and comes again and again: the plan must be refused. */
function circle(): HttpRecipe {
  return {
    whilePlanning: true,
    arm(scene) {
      const { proxy } = scene.middle;
      let page: Buffer | undefined;
      proxy.addRule({
        when(request) {
          const meant = isListing(scene)(request) && !/versioning|b2_list_buckets/.test(request.target);
          if (meant) scene.hit();
          return meant;
        },
        fault: {
          kind: 'replace-body',
          body: (original) => {
            page ??= scene.contract.server.faults.endless(original);
            return page;
          },
        },
      });
    },
    judge: (_outcomes, _scene, plannedTwice) => (plannedTwice ? [] : ['A listing without end was taken for whole']),
  };
}

/** What is new stays, and what is not the same any more goes only where a server can't be told so. @param add lets something arrive at the first deletion */
export function addedAndChanged<M extends Middle>(add: (scene: Scene<M>) => void | Promise<void>): Recipe<M> {
  const late: { left: readonly string[] } = { left: [] };
  return {
    async arm(scene) {
      const { contract, container, chosen } = scene;
      for (const name of chosen) await contract.server.put(container, name, 'something else');
      await add(scene);
      scene.defer(async () => {
        late.left = await contract.server.ids(container);
        if (!late.left.includes('k/new')) throw new Error('What came later is gone.');
      });
    },
    judge: (outcomes, { contract, chosen }) =>
      contract.provider.capabilities.has('conditional')
        ? outcomes
            .filter(({ name, result }) => chosen.has(name) && result !== 'changed')
            .map(({ name, result }) => `It has changed, and is ${result}: ${name}`)
        : [],
  };
}
