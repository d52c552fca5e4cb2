import type { Agent } from 'node:http';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { StorageError } from '../../../core/errors.ts';
import type { Network } from '../../../core/provider.ts';
import { createAgent, timeLimits } from '../http.ts';
import { type Subject, toS3Error } from './errors.ts';
import { useRegions } from './regions.ts';
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
  readonly agent: Agent;
  /** Repeats what failed in passing. */
  readonly reader: S3Client;
  /** Repeats nothing by itself: a delete whose fate is unknown must not be sent again blindly. */
  readonly remover: S3Client;

  constructor(options: S3Options, network: Network) {
    this.options = options;
    this.agent = createAgent(options.server, network, options);
    const config = clientConfig(options, this.agent);
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
    return toS3Error(error, this.subject(about), signal);
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

/** Everything is said here: nothing is left to the machine's AWS files and variables, which could name another endpoint. */
function clientConfig(options: S3Options, agent: Agent): S3ClientConfig {
  const { server, customEndpoint, region, pathStyle, accessKeyId, secretAccessKey, sessionToken } = options;
  return {
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) },
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
