import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeForms, loadProviders } from '../../../scripts/forms.ts';
import { withProviderTable } from '../../../scripts/readmeTable.ts';
import { root } from '../../../scripts/run.ts';
import { parseDraft } from '../../../src/core/drafts.ts';
import { methodNames } from '../../../src/core/storageClient.ts';

test('the README has the table that the providers make', async () => {
  const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
  expect(await withProviderTable(readme)).toBe(readme);
});

test('a form is described as data, and says which fields are secret', async () => {
  const s3 = (await describeForms()).find(({ id }) => id === 's3');
  expect(JSON.parse(JSON.stringify(s3))).toEqual(s3);
  expect(s3?.fields.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
    'secretAccessKey',
    'sessionToken',
  ]);
  expect(s3?.fields.find(({ name }) => name === 'secure')?.when).toEqual({ endpoint: { matches: expect.any(String) } });
  expect(s3?.fields.find(({ name }) => name === 'endpoint')?.requiredWhen?.service).toContain('minio');
});

test('the S3 form has every field of the documented pages', async () => {
  const labels = (await describeForms()).find(({ id }) => id === 's3')?.fields.map(({ label }) => label);
  for (const label of [
    'Access Key ID',
    'Secret Access Key',
    'Access token',
    'Bucket',
    'Endpoint URL',
    'Secure host',
    'Verify SSL certificate',
    'Region',
    'Maximum Upload Parts',
    'Disable Endpoint Region',
  ]) {
    expect(labels).toContain(label);
  }
});

test('what a provider declares is what its client can do', async () => {
  const network = { proxyFor: () => undefined, certificates: [] };
  for (const provider of await loadProviders()) {
    const needed = Object.entries(provider.fields).filter(([, { required }]) => required);
    const { settings, secrets } = parseDraft(
      provider.fields,
      Object.fromEntries(needed.map(([name]) => [name, name === 'url' ? 'https://example.com/' : 'AAAA'])),
    );
    await using client = await provider.open({ settings, secrets, network });
    const implemented = methodNames.filter((name) => typeof client[name] === 'function');
    const declared = [...provider.capabilities].filter((name) => methodNames.some((method) => method === name));
    expect(declared.sort(), provider.id).toEqual([...implemented].sort());
  }
});
