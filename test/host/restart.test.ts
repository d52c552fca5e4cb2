import { addRow, cleanUp, nowhere, s3Credential, startExtension } from './support/extension.ts';
import { readServers } from './support/servers.ts';

// Outside every suite, so that it comes after all of them: what the suites of afterRestart find.
after('leaves two credentials for the next start, one of them without its secret', async () => {
  const parts = await startExtension();
  await cleanUp(parts);
  const { rgw } = readServers();
  await addRow(parts, s3Credential('Kept', 'unavailable' in rgw ? nowhere : rgw));
  const { id, record } = await addRow(parts, s3Credential('Lost', nowhere));
  await parts.vault.delete({ id, secretRef: record.secretRef ?? '' });
});
