import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { S3Refusal } from '../../../../demo/s3Protocol.ts';
import { type MemoryS3, startMemoryS3 } from '../../../../demo/s3Server.ts';
import type { Entry } from '../../../../src/core/storageClient.ts';
import { openS3 } from '../../../../src/providers/_shared/s3/client.ts';
import type { S3Options } from '../../../../src/providers/_shared/s3/connection.ts';
import provider from '../../../../src/providers/s3/provider.ts';
import { runRemoval } from '../../../../src/removal/engine.ts';
import { planRemoval } from '../../../../src/removal/plan.ts';

const keys = { accessKeyId: 'DEMOKEY', secretAccessKey: 'demo/secret+key' };
const { signal } = new AbortController();
const storage = mkdtempSync(path.join(tmpdir(), 'conditional-'));
let server: MemoryS3;
let asked: { readonly method: string; readonly ifMatch: string | undefined; readonly body: string }[] = [];
let refused = false;

beforeAll(async () => {
  server = await startMemoryS3({
    credentials: [keys],
    intercept: ({ method, target, headers, body }) => {
      const deletes = method === 'DELETE' || (method === 'POST' && target.includes('delete'));
      if (deletes) asked.push({ method, ifMatch: headers['if-match'], body: body.toString('utf8') });
      if (deletes && refused) throw new S3Refusal(403, 'AccessDenied', 'Access Denied');
      return undefined;
    },
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(storage, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
  refused = false;
});

function open(conditionalDelete: boolean) {
  const options: S3Options = {
    ...keys,
    ...{ server: new URL(server.endpoint), customEndpoint: true, pathStyle: true, region: 'us-east-1' },
    ...{ followRegions: false, sessionToken: '', verifyCertificate: true, caBundle: '', bucket: '', prefix: '' },
    conditionalDelete,
  };
  return openS3(options, { network: { proxyFor: () => undefined, certificates: [] } });
}

/** Plans a bucket, lets something overwrite two of its objects, and runs the plan. */
async function deleteMeanwhile(bucket: string, conditional: boolean, ids: readonly string[], selected?: string) {
  for (const id of ids) server.put(bucket, id, Buffer.from('as planned'));
  await using client = open(conditional);
  const common = { client, provider, conditional, signal };
  const selection: readonly Entry[] = [
    selected === undefined
      ? { kind: 'container', id: bucket, name: bucket, path: bucket }
      : { kind: 'folder', container: bucket, id: selected, name: selected, path: selected },
  ];
  const removal = await planRemoval({
    ...{ ...common, selection, folder: storage },
    credential: { id: 'c', name: 'C' },
  });
  for (const id of ['b', 'c/x\u0001']) if (ids.includes(id)) server.put(bucket, id, Buffer.from('overwritten'));
  return { plan: removal.plan, report: await runRemoval({ ...common, removal }) };
}

test('only what still has its ETag goes, together and one by one', async () => {
  // A key with a control character travels in no XML: it is deleted by itself.
  const { plan, report } = await deleteMeanwhile('held', true, ['a', 'b', 'c/x\u0001', 'd/y\u0001']);
  expect(report.results).toMatchObject({ deleted: 2, changed: 2, failed: 0 });
  expect(server.countObjects('held')).toBe(2);
  expect(plan.unconditional).toBeUndefined();
  expect(asked.filter(({ method }) => method === 'DELETE').map(({ ifMatch }) => ifMatch)).toHaveLength(2);
  expect(asked.every(({ method, ifMatch }) => method === 'POST' || /^"\w{32}"$/.test(ifMatch ?? ''))).toBe(true);
  expect(asked.find(({ method }) => method === 'POST')?.body).toMatch(/(<Object>.*<ETag>.*<\/Object>){2}/s);
});

test('a service of which that is not known is asked without, and the plan says so', async () => {
  const { plan, report } = await deleteMeanwhile('plain', false, ['a', 'b', 'c/x\u0001']);
  expect(report.results).toMatchObject({ deleted: 3, changed: 0 });
  expect(plan.unconditional).toBe(true);
  expect(asked.filter(({ ifMatch, body }) => ifMatch !== undefined || body.includes('ETag'))).toEqual([]);
});

test('keys that may not compare are told what they lack', async () => {
  server.put('strict', 'a', Buffer.from('1'));
  await using client = open(true);
  const entry: Entry = { kind: 'object', container: 'strict', id: 'a', name: 'a', path: 'a' };
  refused = true;
  const [outcome] = (await client.remove?.([{ entry, mode: 'recoverable', ifTag: '"1"' }], { signal })) ?? [];
  expect(outcome).toMatchObject({ result: 'denied', error: { hint: expect.stringContaining('s3:GetObject') } });
});

test('it is a fact of Amazon S3 itself, of no other service and of no endpoint of ones own', () => {
  const aws = { service: 'aws', endpoint: '' };
  expect(provider.conditional(aws)).toBe(true);
  expect(provider.conditional({ ...aws, endpoint: 'https://s3.internal.example' })).toBe(false);
  for (const service of ['minio', 'ceph', 'wasabi', 'r2', 'b2', 'digitalocean', 'scaleway', 'other']) {
    expect(provider.conditional({ service, endpoint: '' })).toBe(false);
  }
});
