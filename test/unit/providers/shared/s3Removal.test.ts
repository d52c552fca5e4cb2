import { afterEach, expect, test, vi } from 'vitest';
import { startMemoryS3 } from '../../../../demo/s3Server.ts';
import type { Target } from '../../../../src/core/storageClient.ts';
import { openS3 } from '../../../../src/providers/_shared/s3/client.ts';

const keys = { accessKeyId: 'KEYOFTHISMACHINE0000', secretAccessKey: 'a secret of this machine' };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Deletes two objects from a server that answers the first deletions so. @returns outcomes, and how often it was asked */
async function removeFrom(answers: readonly string[], chain: boolean) {
  const left = answers.values();
  let asked = 0;
  const server = await startMemoryS3({
    credentials: [keys],
    intercept({ method }) {
      if (method !== 'POST') return undefined;
      asked++;
      const { value } = left.next();
      return value === undefined ? undefined : { status: value.includes('DeleteResult') ? 200 : 400, body: value };
    },
  });
  vi.stubEnv('AWS_ACCESS_KEY_ID', keys.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', keys.secretAccessKey);
  const client = openS3(
    {
      ...{ server: new URL(server.endpoint), customEndpoint: true, region: 'us-east-1', followRegions: false },
      ...{ pathStyle: true, ...keys, sessionToken: '', verifyCertificate: true, caBundle: '', bucket: '', prefix: '' },
      ...(chain ? { chain: { profile: '' } } : {}),
    },
    { network: { proxyFor: () => undefined, certificates: [] } },
  );
  try {
    await client.createContainer?.('photos', {}, { signal: new AbortController().signal });
    const targets = ['a', 'b'].map((id): Target => {
      return {
        entry: { kind: 'object', container: 'photos', id, name: id, path: `photos/${id}` },
        mode: 'recoverable',
      };
    });
    const outcomes = await client
      .remove?.(targets, { signal: new AbortController().signal })
      .catch((error: unknown) => targets.map((target) => ({ target, result: 'failed', error })));
    return { outcomes, asked };
  } finally {
    await client[Symbol.asyncDispose]();
    await server.stop();
  }
}

const expired = '<Error><Code>ExpiredToken</Code><Message>Expired.</Message></Error>';

test('keys of this machine that have expired are looked for again, once', async () => {
  const once = await removeFrom([expired], true);
  expect(once).toMatchObject({ asked: 2, outcomes: [{ result: 'deleted' }, { result: 'deleted' }] });
  expect(await removeFrom([expired, expired, expired], true)).toMatchObject({
    asked: 2,
    outcomes: [{ result: 'failed', error: { kind: 'expired' } }, { result: 'failed' }],
  });
});

test('keys that were entered are not, since there are no others', async () => {
  expect(await removeFrom([expired], false)).toMatchObject({
    asked: 1,
    outcomes: [{ error: { kind: 'expired' } }, {}],
  });
});

test('one that the server had trouble with may be sent again', async () => {
  const error = '<Error><Key>b</Key><Code>InternalError</Code><Message/></Error>';
  const answer = `<DeleteResult><Deleted><Key>a</Key></Deleted>${error}</DeleteResult>`;
  expect((await removeFrom([answer], false)).outcomes).toMatchObject([
    { result: 'deleted' },
    { result: 'failed', error: { kind: 'unexpected', retryable: true } },
  ]);
});
