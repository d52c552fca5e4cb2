import { rmSync, writeFileSync } from 'node:fs';
import { type ProvidedRgw, startSharedRgw } from '../test/support/rgwGlobal.ts';

/** What a suite inside VS Code is told of the servers that run outside it. */
export interface TestServers {
  readonly rgw: ProvidedRgw;
}

/** Starts the servers of the suites that run inside VS Code. Their keys stand in `file`, readable by this user alone; its path travels in `env`. */
export async function startTestServers(file: string) {
  const { rgw, stop } = await startSharedRgw();
  const servers: TestServers = { rgw };
  writeFileSync(file, JSON.stringify(servers), { mode: 0o600 });
  return {
    env: { STORAGE_CREDENTIALS_TEST_SERVERS: file },
    async stop() {
      rmSync(file, { force: true });
      await stop();
    },
  };
}
