import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import type { CredentialStore } from './credentials/credentialStore.ts';
import type { Credentials } from './credentials/credentials.ts';

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
    const earlier = stored.find((found) => found.kind === 'readable' && found.record.name === credential.name);
    if (earlier?.kind === 'readable') {
      const { id, revision } = earlier.record;
      await credentials.save({ ...credential, keep: [], id, basedOn: revision });
    } else await credentials.save({ ...credential, keep: [] });
  }
}
