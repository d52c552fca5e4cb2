import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Certificate } from './certificates.ts';
import { freePorts, ServerUnavailable, startProcess, temporaryFolder, waitUntil } from './serverProcess.ts';

/** A running Azurite, Microsoft's emulator of Azure Blob Storage, with one account; it keeps everything in memory. */
export interface Azurite {
  /** `http://127.0.0.1:port`, or `https:` when a certificate was given; the account's path is not part of it. */
  readonly origin: string;
  readonly account: string;
  /** Base64 of 64 bytes. */
  readonly accountKey: string;
  stop(): Promise<void>;
}

/** Starts an Azurite on a free port of 127.0.0.1; throws ServerUnavailable where its package is missing. */
export async function startAzurite({ tls }: { tls?: Certificate } = {}): Promise<Azurite> {
  const program = findProgram();
  const folder = await temporaryFolder('azurite');
  const [port = 0] = await freePorts(1);
  const account = 'contractaccount';
  const accountKey = randomBytes(64).toString('base64');
  const certificate = tls === undefined ? [] : ['--cert', tls.certFile, '--key', tls.keyFile];
  const server = startProcess(
    process.execPath,
    [
      program,
      ...['--blobHost', '127.0.0.1', '--blobPort', String(port)],
      ...['--inMemoryPersistence', '--silent', '--disableTelemetry'],
      ...certificate,
    ],
    {
      logFile: join(folder.path, 'azurite.out'),
      cwd: folder.path,
      // In the environment, so that the key stays out of the process list.
      env: { AZURITE_ACCOUNTS: `${account}:${accountKey}` },
    },
  );
  const stop = async () => {
    await server.stop();
    await folder.remove();
  };
  try {
    await waitUntil('Azurite to answer', 60_000, async () => {
      await server.assertRunning();
      return await accepts(port);
    });
    return { origin: `http${tls === undefined ? '' : 's'}://127.0.0.1:${port}`, account, accountKey, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function findProgram(): string {
  try {
    const manifest = createRequire(import.meta.url).resolve('azurite/package.json');
    return join(dirname(manifest), 'dist/src/blob/main.js');
  } catch {
    throw new ServerUnavailable('Azurite needs the npm package azurite: run npm ci');
  }
}

/** Whether something accepts connections: before it listens, nothing does. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
