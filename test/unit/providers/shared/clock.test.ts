import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { openS3 } from '../../../../src/providers/_shared/s3/client.ts';

const minute = 60_000;

/** A service whose clock is ahead of this machine's, and that refuses what was signed at another time than its own. */
async function serveAt(ahead: number) {
  const signed: (string | undefined)[] = [];
  const server = http.createServer((request, response) => {
    const now = Date.now() + ahead;
    response.setHeader('date', new Date(now).toUTCString());
    const at = request.headers['x-amz-date'] ?? request.headers.date;
    signed.push(request.headers.authorization?.split(/[ :]/)[0]);
    const skewed = typeof at === 'string' && Math.abs(timeOf(at) - now) > 15 * minute;
    response.statusCode = skewed ? 403 : 200;
    response.end(
      skewed
        ? '<Error><Code>RequestTimeTooSkewed</Code><Message>Too far.</Message></Error>'
        : '<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    signed,
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function timeOf(written: string): number {
  const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(written);
  return Date.parse(basic ? `${basic[1]}-${basic[2]}-${basic[3]}T${basic[4]}:${basic[5]}:${basic[6]}Z` : written);
}

async function verify(url: URL, signaturesV2: boolean) {
  await using client = openS3(
    {
      server: url,
      customEndpoint: true,
      region: 'us-east-1',
      followRegions: false,
      pathStyle: true,
      accessKeyId: 'key',
      secretAccessKey: 'secret',
      sessionToken: '',
      signaturesV2,
      verifyCertificate: true,
      caBundle: '',
      bucket: '',
      prefix: '',
    },
    { network: { proxyFor: () => undefined, certificates: [] } },
  );
  const steps = await Array.fromAsync(client.verify({ kind: 'root' }, { signal: new AbortController().signal }));
  return steps.find(({ stage }) => stage === 'sign-in');
}

it.each([
  [40 * minute, false, "This machine's clock is 40 minutes slow; it was corrected for."],
  [-40 * minute, false, "This machine's clock is 40 minutes fast; it was corrected for."],
  [40 * minute, true, "This machine's clock is 40 minutes slow; it was corrected for."],
])(
  'a server %i ms ahead is signed in to all the same (Signature Version 2: %s), and it is said',
  async (ahead, v2, hint) => {
    await using server = await serveAt(ahead);
    expect(await verify(server.url, v2)).toMatchObject({ status: 'ok', hint });
    expect(server.signed).toContain(v2 ? 'AWS' : 'AWS4-HMAC-SHA256');
  },
);

it('a small difference is not worth a word', async () => {
  await using server = await serveAt(2 * minute);
  expect(await verify(server.url, false)).not.toHaveProperty('hint');
});
