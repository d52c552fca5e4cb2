import { expect, it } from 'vitest';
import { providerSuite } from './contractSuite.ts';

// A web server, a proxy or a firewall that answers in the place of an S3 service says nothing of the keys.
await providerSuite('s3', 'what is no S3 answer', ['remove'], (contract) => {
  it.each([403, 404, 200])('a page with status %i is no word on the keys', async (status) => {
    const proxy = await contract.proxy();
    proxy.addRule({
      when: ({ method }) => method !== 'HEAD',
      fault: {
        kind: 'status',
        status,
        body: '<html>Sign in to the network</html>',
        headers: { 'content-type': 'text/html' },
      },
    });
    const verification = await contract.verify(await contract.open({}, proxy.endpoint));
    const signIn = verification.steps.find(({ stage }) => stage === 'sign-in');
    expect(verification.works).toBe(false);
    expect(signIn).toMatchObject({ status: 'failed', kind: 'unexpected', sentence: expect.stringContaining('no S3') });
    expect(verification.steps.at(-1)).toMatchObject({ stage: 'delete', status: 'skipped' });
  });
});
