import type { TestProject } from 'vitest/node';
import { type Azurite, startAzurite } from '../servers/azurite.ts';
import { type Certificate, createCertificates } from '../servers/certificates.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';

/** Where the run's Azurites answer, or the sentence that says what they need. */
export type ProvidedAzurite = AzuriteAccess | { readonly unavailable: string };

/** The run's Azurites, one plain and one over TLS, and the certificates that belong to the second. */
export interface AzuriteAccess {
  readonly plain: Omit<Azurite, 'stop'>;
  readonly secure: Omit<Azurite, 'stop'>;
  readonly caFile: string;
  readonly certificates: Readonly<Record<'selfSigned' | 'wrongHost' | 'expired', Certificate>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    azurite: ProvidedAzurite;
  }
}

const running: { stop(): Promise<void> }[] = [];

/** Starts both once for all test files of the project. */
export async function setup(project: TestProject): Promise<void> {
  try {
    project.provide('azurite', await start());
  } catch (error) {
    await teardown();
    if (!(error instanceof ServerUnavailable)) throw error;
    project.provide('azurite', { unavailable: error.message });
  }
}

/** Stops them. */
export async function teardown(): Promise<void> {
  for (const each of running.splice(0)) await each.stop();
}

async function start(): Promise<AzuriteAccess> {
  const certificates = await createCertificates();
  running.push({ stop: certificates.remove });
  const open = async (tls?: Certificate) => {
    const { stop, ...access } = await startAzurite(tls === undefined ? {} : { tls });
    running.unshift({ stop });
    return access;
  };
  const { caFile, server, selfSigned, wrongHost, expired } = certificates;
  return {
    plain: await open(),
    secure: await open(server),
    caFile,
    certificates: { selfSigned, wrongHost, expired },
  };
}
