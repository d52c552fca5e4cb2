import { rmSync, writeFileSync } from 'node:fs';
import { startRgw } from '../test/servers/rgw.ts';

/** What a suite inside VS Code is told of the servers that run outside it. */
export interface TestServers {
  readonly s3: { readonly endpoint: string; readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Starts the servers of the suites that run inside VS Code. Their keys stand in `file`, readable by this user alone; its path travels in `env`. */
export async function startTestServers(file: string) {
  const rgw = await startRgw();
  const { accessKeyId, secretAccessKey } = rgw.user;
  const servers: TestServers = { s3: { endpoint: rgw.endpoint, accessKeyId, secretAccessKey } };
  writeFileSync(file, JSON.stringify(servers), { mode: 0o600 });
  return {
    env: { STORAGE_CREDENTIALS_TEST_SERVERS: file },
    async stop() {
      rmSync(file, { force: true });
      await rgw.stop();
    },
  };
}
