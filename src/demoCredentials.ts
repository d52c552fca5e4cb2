import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import type { CredentialStore } from './credentials/credentialStore.ts';
import type { Credentials } from './credentials/credentials.ts';
import type { CredentialRecord } from './credentials/record.ts';

const schema = z.object({
  credentials: z.array(
    z.object({
      provider: z.string(),
      name: z.string(),
      settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      secrets: z.record(z.string(), z.string()),
    }),
  ),
});

/** Adds the credentials of the demo storage that `npm start` runs, as they are in this run: its address and keys are new each time. */
export async function addDemoCredentials(
  file: string,
  store: CredentialStore,
  credentials: Credentials,
): Promise<void> {
  const demo = schema.parse(JSON.parse(await readFile(file, 'utf8')));
  const stored = await store.list();
  for (const credential of demo.credentials) {
    const earlier = stored.find((found) => found.kind === 'readable' && isEarlier(found.record, credential));
    const base = earlier?.kind === 'readable' ? { id: earlier.id, basedOn: earlier.record.revision } : {};
    const name = earlier ? credential.name : await store.proposeName(credential.name);
    await credentials.save({ ...credential, name, keep: [], ...base });
  }
}

/** Whether a record is that of an earlier run: a credential of the person's own is never taken for it. */
function isEarlier({ name, settings }: CredentialRecord, demo: z.infer<typeof schema>['credentials'][number]): boolean {
  return name === demo.name && settings.accessKeyId === demo.settings.accessKeyId;
}
