import type { TestProject } from 'vitest/node';
import { type Certificate, createCertificates } from '../servers/certificates.ts';
import { type Rgw, startRgw } from '../servers/rgw.ts';
import { ServerUnavailable } from '../servers/serverProcess.ts';

/** Where the run's one Ceph RGW answers, or the sentence that says what it needs. */
export type ProvidedRgw = RgwAccess | { readonly unavailable: string };

/** The run's Ceph RGW: its addresses, its first user and the certificates that belong to it. */
export interface RgwAccess {
  readonly endpoint: string;
  readonly tlsEndpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The first user's name, as bucket policies of other users call it. */
  readonly user: string;
  /** For `createRgwUser`. */
  readonly configFile: string;
  readonly caFile: string;
  readonly certificates: {
    readonly server: Certificate;
    readonly selfSigned: Certificate;
    readonly wrongHost: Certificate;
    readonly expired: Certificate;
  };
}

declare module 'vitest' {
  interface ProvidedContext {
    rgw: ProvidedRgw;
  }
}

let stop = async () => {};

/** Starts Ceph RGW once for all test files of the project. */
export async function setup(project: TestProject): Promise<void> {
  const started = await startSharedRgw();
  project.provide('rgw', started.rgw);
  stop = started.stop;
}

/** Stops it. */
export async function teardown(): Promise<void> {
  await stop();
}

/** The same for scripts outside vitest; what can't be started gives its sentence, any other failure throws. */
export async function startSharedRgw(): Promise<{ rgw: ProvidedRgw; stop(): Promise<void> }> {
  try {
    const certificates = await createCertificates();
    const rgw = await startRgw({ tls: certificates.server });
    return {
      rgw: describe(rgw, certificates),
      async stop() {
        await rgw.stop();
        await certificates.remove();
      },
    };
  } catch (error) {
    if (!(error instanceof ServerUnavailable)) throw error;
    return { rgw: { unavailable: error.message }, stop: async () => {} };
  }
}

function describe(rgw: Rgw, certificates: Awaited<ReturnType<typeof createCertificates>>): RgwAccess {
  const { server, selfSigned, wrongHost, expired, caFile } = certificates;
  if (rgw.tlsEndpoint === undefined) throw new Error('The gateway was started without TLS');
  return {
    endpoint: rgw.endpoint,
    tlsEndpoint: rgw.tlsEndpoint,
    accessKeyId: rgw.user.accessKeyId,
    secretAccessKey: rgw.user.secretAccessKey,
    user: rgw.user.name,
    configFile: rgw.configFile,
    caFile,
    certificates: { server, selfSigned, wrongHost, expired },
  };
}
