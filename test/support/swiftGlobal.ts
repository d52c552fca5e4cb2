import type { TestProject } from 'vitest/node';
import { type Certificate, createCertificates } from '../servers/certificates.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';
import { type Swift, startSwift } from '../servers/swift.ts';

/** Where the run's one OpenStack Swift answers, or the sentence that says what it needs. */
export type ProvidedSwift = SwiftAccess | { readonly unavailable: string };

/** The run's Swift, plain and over TLS, and the certificates that belong to the second. */
export interface SwiftAccess extends Omit<Swift, 'stop' | 'tlsEndpoint'> {
  readonly tlsEndpoint: string;
  readonly caFile: string;
  readonly certificates: Readonly<Record<'selfSigned' | 'wrongHost' | 'expired', Certificate>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    swift: ProvidedSwift;
  }
}

const running: { stop(): Promise<void> }[] = [];

/** Starts OpenStack Swift once for all test files of the project. */
export async function setup(project: TestProject): Promise<void> {
  try {
    project.provide('swift', await start());
  } catch (error) {
    await teardown();
    if (!(error instanceof ServerUnavailable)) throw error;
    project.provide('swift', { unavailable: error.message });
  }
}

/** Stops it. */
export async function teardown(): Promise<void> {
  for (const each of running.splice(0)) await each.stop();
}

async function start(): Promise<SwiftAccess> {
  const { caFile, server, selfSigned, wrongHost, expired, remove } = await createCertificates();
  running.push({ stop: remove });
  const { stop, tlsEndpoint = '', ...access } = await startSwift({ tls: server });
  running.unshift({ stop });
  return { ...access, tlsEndpoint, caFile, certificates: { selfSigned, wrongHost, expired } };
}
