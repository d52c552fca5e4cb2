import { emptyDraft } from '../../../src/core/drafts.ts';
import { text } from '../../../src/core/fields.ts';
import { defineProvider, type Provider } from '../../../src/core/provider.ts';
import type { StorageClient } from '../../../src/core/storageClient.ts';
import type { Credential } from '../../../src/credentials/scopes.ts';
import s3 from '../../../src/providers/s3/provider.ts';

const field = text({ label: 'Any' });
const bucketFields = { bucket: field, subdir: field };
const accountFields = { account: field, container: field };
const shared = {
  noun: { one: 'bucket', many: 'buckets' },
  capabilities: ['remove', 'stat', 'recovery'],
  limits: { batch: 1000 },
  origin: () => 'https://storage.example',
  connect: async () => ({
    openClient: (): StorageClient => {
      throw new Error('Nothing is opened here.');
    },
  }),
} as const;

/** As much of Google Cloud Storage as URLs say of it. */
export const gs = defineProvider({
  ...shared,
  id: 'gs',
  label: 'Google Cloud Storage',
  fields: bucketFields,
  urls: {
    of: () => undefined,
    parse: (url) => {
      const [, container, id] = /^gs:\/\/([^/]+)\/(.+)$/is.exec(url) ?? [];
      return container === undefined || id === undefined ? [] : [{ server: '', container, ids: [id] }];
    },
    scopeOf: ({ bucket, subdir }) => ({
      server: '',
      ...(bucket === '' ? {} : { container: bucket }),
      ...(subdir === '' ? {} : { folder: subdir }),
    }),
  },
});

/** As much of Azure Blob Storage as URLs say of it. */
export const azure = defineProvider({
  ...shared,
  id: 'azure',
  label: 'Azure Blob Storage',
  noun: { one: 'container', many: 'containers' },
  fields: accountFields,
  urls: {
    of: () => undefined,
    parse: (url) => {
      const [, server, container, raw] = /^azure:\/\/([^/]+)\/([^/]+)\/(.+)$/is.exec(url) ?? [];
      if (server === undefined || container === undefined || raw === undefined) return [];
      return [{ server: server.toLowerCase(), container, ids: [...new Set([raw, decodeURIComponent(raw)])] }];
    },
    scopeOf: ({ account, container }) => ({
      server: `${account}.blob.core.windows.net`,
      ...(container === '' ? {} : { container }),
    }),
  },
});

export const providers = [s3, gs, azure];

/** A credential of a provider, by its name, with these settings. */
export function credential(provider: Provider, name: string, settings: Record<string, string>): Credential {
  const record = {
    schema: 1,
    revision: 'r',
    id: name.toLowerCase().replace(/[^a-z0-9-]/g, '-'),
    provider: provider.id,
    name,
    settings: { ...emptyDraft(provider.fields), ...settings },
    secretNames: [],
  } as const;
  return { record, provider };
}

/** A credential for S3. */
export function onS3(name: string, settings: Record<string, string> = {}): Credential {
  return credential(s3, name, settings);
}
