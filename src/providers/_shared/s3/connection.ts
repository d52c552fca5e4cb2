import type { Agent } from 'node:http';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Logger } from '@smithy/types';
import type { StorageError } from '../../../core/errors.ts';
import type { Surroundings } from '../../../core/provider.ts';
import type { Subject } from '../errorRows.ts';
import { createAgent, timeLimits } from '../http.ts';
import { toS3Error } from './errors.ts';
import { chainKeys, givenKeys, type KeySource } from './keySource.ts';
import { useRegions } from './regions.ts';
import { createSignerV2 } from './signatureV2.ts';
import { guardWire } from './wire.ts';

/** What any service that speaks S3 is opened with. */
export interface S3Options {
  /** Where requests go. */
  readonly server: URL;
  /** False for Amazon's own service, whose endpoints the SDK finds by region and bucket. */
  readonly customEndpoint: boolean;
  readonly region: string;
  /** Whether the region of a bucket is looked up and followed. */
  readonly followRegions: boolean;
  readonly pathStyle: boolean;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Keys of this machine in place of given ones, of one profile or of any ('') place. */
  readonly chain?: { readonly profile: string };
  /** Signature Version 2 in place of 4. */
  readonly signaturesV2?: boolean;
  /** Whether a delete's If-Match is honoured, so that one that can't match changes nothing anywhere. */
  readonly conditionalDelete?: boolean;
  /** Set where the service has no lifecycle rules. */
  readonly noLifecycle?: true;
  readonly verifyCertificate: boolean;
  readonly caBundle: string;
  /** The only bucket this credential is for, or ''. */
  readonly bucket: string;
  /** The only prefix this credential is for, ending in '/', or ''. */
  readonly prefix: string;
}

/** The SDK's clients over one pool of connections, and how their errors read. */
export class S3Connection {
  readonly options: S3Options;
  readonly surroundings: Surroundings;
  readonly agent: Agent;
  readonly keySource: KeySource;
  /** Repeats what failed in passing. */
  readonly reader: S3Client;
  /** Repeats nothing by itself: a delete whose fate is unknown must not be sent again blindly. */
  readonly remover: S3Client;
  /** Whether buckets have Object Lock, as far as it was asked. */
  readonly objectLock = new Map<string, boolean>();

  constructor(options: S3Options, surroundings: Surroundings) {
    this.options = options;
    this.surroundings = surroundings;
    this.agent = createAgent(options.server, surroundings.network, options);
    this.keySource = keySourceOf(options, surroundings);
    const config = clientConfig(options, this.agent, this.keySource);
    this.reader = new S3Client({ ...config, maxAttempts: 3 });
    this.remover = new S3Client({ ...config, maxAttempts: 1 });
    guardWire(this.reader);
    guardWire(this.remover);
    useRegions([this.reader, this.remover], options);
  }

  fail(
    error: unknown,
    about: { bucket?: string | undefined; key?: string | undefined },
    signal: AbortSignal,
  ): StorageError {
    const failure = toS3Error(error, this.subject(about), signal);
    if (failure.kind === 'expired' || failure.kind === 'unauthenticated') this.keySource.forget();
    return failure;
  }

  subject({ bucket, key }: { bucket?: string | undefined; key?: string | undefined }): Subject {
    return { server: this.options.server, container: bucket, id: key };
  }

  close(): void {
    this.reader.destroy();
    this.remover.destroy();
    this.agent.destroy();
  }
}

function keySourceOf(options: S3Options, surroundings: Surroundings): KeySource {
  const { chain, region, accessKeyId, secretAccessKey, sessionToken } = options;
  return chain
    ? chainKeys({ ...chain, region }, surroundings)
    : givenKeys({ accessKeyId, secretAccessKey, sessionToken });
}

/** Marked as memoized, so that the SDK keeps no keys by itself: the key source does, and knows when to forget them. */
function identityOf(keys: KeySource['keys']) {
  const identity = async () => {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await keys();
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken ? { sessionToken } : {}),
      ...(expiration ? { expiration } : {}),
    };
  };
  return Object.assign(identity, { memoized: true });
}

/** Everything is said here: nothing is left to the machine's AWS files and variables, which could name another endpoint. */
/** Writes nothing, as the SDK's own does; without 'info' no answer is copied for it row by row. */
const silent = { trace() {}, debug() {}, warn() {}, error() {} } as unknown as Logger;

function clientConfig(options: S3Options, agent: Agent, { keys }: KeySource): S3ClientConfig {
  const { server, customEndpoint, region, pathStyle } = options;
  return {
    region,
    credentials: identityOf(keys),
    ...(options.signaturesV2 ? { signer: createSignerV2(keys, server) } : {}),
    ...(customEndpoint ? { endpoint: server.href } : { ignoreConfiguredEndpointUrls: true }),
    forcePathStyle: pathStyle,
    // Regions are followed by our own rules: these would go where an answer points.
    followRegionRedirects: false,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    useArnRegion: false,
    disableS3ExpressSessionAuth: true,
    authSchemePreference: ['sigv4'],
    retryMode: 'standard',
    defaultsMode: 'standard',
    userAgentAppId: async () => undefined,
    logger: silent,
    requestHandler: new NodeHttpHandler({
      httpAgent: agent,
      httpsAgent: agent as never,
      connectionTimeout: timeLimits.connect,
      requestTimeout: timeLimits.firstByte,
      socketTimeout: timeLimits.idle,
      throwOnRequestTimeout: true,
    }),
  };
}
