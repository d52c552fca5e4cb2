import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { S3Request } from '../../../../demo/s3Protocol.ts';
import { type MemoryS3, startMemoryS3 } from '../../../../demo/s3Server.ts';
import type { LifecycleRule, Place } from '../../../../src/core/storageClient.ts';
import { openS3 } from '../../../../src/providers/_shared/s3/client.ts';

const keys = { accessKeyId: 'DEMOKEY', secretAccessKey: 'demo/secret+key' };
const call = () => ({ signal: new AbortController().signal });
const current = { versions: false };
const rules = (content: string) =>
  `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</LifecycleConfiguration>`;
const other = '<Rule><ID>other</ID><Prefix>x/</Prefix><Status>Enabled</Status><Unheard>1</Unheard></Rule>';

let server: MemoryS3;
/** The document that the server gives; undefined: it answers as it does. */
let document: string | undefined;
let losesOthers = false;
let asked: S3Request[] = [];

beforeAll(async () => {
  server = await startMemoryS3({
    credentials: [keys],
    intercept(request) {
      if (!request.query.some(([name]) => name === 'lifecycle') || document === undefined) return undefined;
      asked.push(request);
      if (request.method === 'PUT') {
        const sent = request.body.toString('utf8');
        document = losesOthers ? sent.replace(other, '') : sent;
      }
      const headers = { 'x-amz-transition-default-minimum-object-size': 'varies_by_storage_class' };
      return request.method === 'GET' ? { status: 200, headers, body: document } : { status: 200 };
    },
  });
  server.put('bucket', 'a', Buffer.from('x'));
});
afterAll(() => server.stop());
beforeEach(() => {
  document = rules(other);
  losesOthers = false;
  asked = [];
});

async function withRule<T>(work: (rule: LifecycleRule) => Promise<T>, at?: Place): Promise<T> {
  await using client = openS3(
    {
      ...keys,
      ...{ server: new URL(server.endpoint), customEndpoint: true, pathStyle: true, region: 'us-east-1' },
      ...{ followRegions: false, sessionToken: '', verifyCertificate: true, caBundle: '', bucket: '', prefix: '' },
    },
    { network: { proxyFor: () => undefined, certificates: [] } },
  );
  const rule = client.lifecycle?.(at ?? { kind: 'folder', container: 'bucket', id: 'logs/' });
  return await work(rule ?? expect.unreachable());
}

const applied = (rule: LifecycleRule) =>
  rule.plan('apply', current, call()).then((planned) => rule.change(planned, call()));

test('what the program does not know of a rule goes back as it came, and so does what stands beside the rules', async () => {
  await withRule(applied);
  const put = asked.find(({ method }) => method === 'PUT');
  expect(put?.body.toString('utf8')).toContain(other);
  expect(put?.headers['x-amz-transition-default-minimum-object-size']).toBe('varies_by_storage_class');
  expect(put?.headers['content-md5']).toBeDefined();
});

test('a server that does not know of rules is not asked to change any', async () => {
  document = '<ListBucketResult><Name>bucket</Name></ListBucketResult>';
  const failure = await withRule((rule) => rule.plan('apply', current, call())).catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: 'unsupported' });
  expect(asked.map(({ method }) => method)).toEqual(['GET']);
  // It shows none, and refuses to take one.
  document = undefined;
  await expect(withRule(applied)).rejects.toMatchObject({ kind: 'unsupported' });
});

test('a server that loses a rule of others is not believed', async () => {
  losesOthers = true;
  await expect(withRule(applied)).rejects.toMatchObject({
    kind: 'unexpected',
    message: 'The server does not show the lifecycle rules as they were sent: bucket',
  });
});

test.each([
  ['without a name', ''],
  ['with a line end', 'a\n/'],
  ['with half a character', '\ud800/'],
])('no rule is made for a folder %s', async (_, id) => {
  await expect(withRule(async () => undefined, { kind: 'folder', container: 'bucket', id })).rejects.toMatchObject({
    kind: 'unsupported',
  });
});
