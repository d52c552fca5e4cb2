import type { ServiceInputTypes, ServiceOutputTypes } from '@aws-sdk/client-s3';
import { GetBucketLocationCommand, HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import type { FinalizeRequestMiddleware, InitializeMiddleware } from '@smithy/types';
import { StorageError } from '../../../core/errors.ts';
import { amazonDomain, regionOfHost, samePartition } from './amazon.ts';
import { answerOf } from './errors.ts';

/** What decides where a bucket's requests may go. */
export interface RegionOptions {
  readonly server: URL;
  readonly customEndpoint: boolean;
  readonly region: string;
  readonly followRegions: boolean;
}

/**
 * Sends requests to each bucket's own region, learned from the server's refusals and kept as long as the clients live.
 * Whatever a server answers, keys go to their own address alone: for an endpoint of one's own that is its host, and for
 * Amazon S3 the domain of the partition.
 */
export function useRegions(clients: readonly S3Client[], options: RegionOptions): void {
  const known: Known = new Map();
  for (const client of clients) {
    resolveByBucket(client, known);
    client.middlewareStack.add(follow(client, known, options), { step: 'initialize', name: 'followRegion' });
    client.middlewareStack.add(ownAddress(options), { step: 'finalizeRequest', name: 'ownAddress', priority: 'low' });
  }
}

/** Regions by bucket; under '' that of a server as a whole. */
type Known = Map<string, string>;
type Initialize = InitializeMiddleware<ServiceInputTypes, ServiceOutputTypes>;
type Finalize = FinalizeRequestMiddleware<ServiceInputTypes, ServiceOutputTypes>;

function resolveByBucket({ config }: S3Client, known: Known): void {
  const resolve = config.endpointProvider;
  config.endpointProvider = (parameters, context) => {
    const region = known.get(parameters.Bucket ?? '') ?? known.get('');
    return resolve(region === undefined ? parameters : { ...parameters, Region: region }, context);
  };
}

const follow =
  (client: S3Client, known: Known, options: RegionOptions): Initialize =>
  (next, context) =>
  async (args) => {
    const { Bucket: bucket = '' } = args.input as { Bucket?: string };
    const used = known.get(bucket) ?? known.get('') ?? options.region;
    try {
      return await next(args);
    } catch (error) {
      const refusal = readRefusal(error, bucket, used);
      // A bucket that is yet to be created has no region; what it is told to have is the caller's matter.
      const creates = context.commandName === 'CreateBucketCommand' && refusal?.code !== malformed;
      if (refusal === undefined || creates) throw error;
      if (!options.followRegions) throw wrongRegion(refusal, bucket, error);
      if (options.customEndpoint && isElsewhere(refusal.address, options.server, bucket)) {
        throw anotherAddress(refusal.address, bucket, error);
      }
      const asks = lookups.has(String(context.commandName));
      const region = refusal.region ?? (asks || bucket === '' ? undefined : await lookUp(client, bucket, options));
      if (region === undefined || region === used) throw error;
      if (!mayUse(region, options)) throw wrongRegion({ ...refusal, region }, bucket, error);
      known.set(bucket, region);
      return await next(args);
    }
  };

/** Stops what would take keys to another scheme, host or port. */
const ownAddress =
  ({ server, customEndpoint, region }: RegionOptions): Finalize =>
  (next) =>
  async (args) => {
    const { protocol, hostname, port } = args.request as { protocol: string; hostname: string; port?: number };
    const own = customEndpoint ? server.hostname : amazonDomain(region);
    const samePort = String(port ?? '') === (customEndpoint ? server.port : '');
    const sameHost = /^[\w.:[\]-]+$/.test(hostname) && (hostname === own || hostname.endsWith(`.${own}`));
    if (protocol === server.protocol && samePort && sameHost) return next(args);
    throw new StorageError('invalid-settings', `Keys are sent to no other address than their own: ${hostname}`, {
      hint: 'Check the endpoint, the region and the name of the bucket.',
    });
  };

/** What a refused request says about where it should have gone. */
interface Refusal {
  readonly code: string | undefined;
  readonly region: string | undefined;
  readonly address: URL | undefined;
}

/** Milliseconds for one question where a bucket lives. */
const lookupLimit = 10_000;
const malformed = 'AuthorizationHeaderMalformed';
const lookups: ReadonlySet<string> = new Set(['GetBucketLocationCommand', 'HeadBucketCommand']);
const redirects: ReadonlySet<string | undefined> = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'Redirect',
  'IllegalLocationConstraintException',
]);

/** Reads the header, the body and the Location of an answer; undefined for one that is not about regions. */
function readRefusal(error: unknown, bucket: string, used: string): Refusal | undefined {
  const { code, status = 0 } = answerOf(error);
  const { $response, Region, Endpoint } = error as {
    $response?: { headers?: Record<string, string> };
    Region?: unknown;
    Endpoint?: unknown;
  };
  const { 'x-amz-bucket-region': header, location } = $response?.headers ?? {};
  const address = addressIn(location) ?? addressIn(typeof Endpoint === 'string' ? `https://${Endpoint}` : undefined);
  const named = [header, Region, address && regionOfHost(hostOf(address, bucket))].find(isRegion);
  const redirected = redirects.has(code) || (status >= 300 && status < 400 && status !== 304);
  // An answer to HEAD has no body: a 400 with another region's name in its header is all it can say.
  const named400 = status === 400 && (code === malformed ? isRegion(Region) : isRegion(header) && header !== used);
  return redirected || named400 ? { code, region: named, address } : undefined;
}

/** Asks the server itself: GetBucketLocation first, HeadBucket for keys that may not. */
async function lookUp(client: S3Client, Bucket: string, options: RegionOptions): Promise<string | undefined> {
  const amazon = !options.customEndpoint;
  const limit = () => ({ abortSignal: AbortSignal.timeout(lookupLimit) });
  const byLocation = client.send(new GetBucketLocationCommand({ Bucket }), limit()).then(({ LocationConstraint }) => {
    if (!LocationConstraint) return amazon ? 'us-east-1' : undefined;
    return amazon && LocationConstraint === 'EU' ? 'eu-west-1' : LocationConstraint;
  });
  const byHead = () => client.send(new HeadBucketCommand({ Bucket }), limit()).then(({ BucketRegion }) => BucketRegion);
  const unknown = () => undefined;
  const found = (await byLocation.catch(unknown)) ?? (await byHead().catch(unknown));
  return isRegion(found) ? found : undefined;
}

function mayUse(region: string, options: RegionOptions): boolean {
  return options.customEndpoint || (/^[a-z0-9-]+$/.test(region) && samePartition(region, options.region));
}

function isRegion(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value);
}

function addressIn(text: string | undefined): URL | undefined {
  return text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
}

function isElsewhere(address: URL | undefined, server: URL, bucket: string): address is URL {
  if (address === undefined) return false;
  return address.protocol !== server.protocol || hostOf(address, bucket) !== server.host;
}

/** The host and port of an address, without the bucket where it stands before them. */
function hostOf({ host }: URL, bucket: string): string {
  return bucket !== '' && host.startsWith(`${bucket}.`) ? host.slice(bucket.length + 1) : host;
}

function anotherAddress(address: URL, bucket: string, cause: unknown): StorageError {
  const place = `${address.protocol}//${hostOf(address, bucket)}`;
  return new StorageError('invalid-settings', `Kept at another address: ${place}`, {
    hint: 'Your keys are not sent there by themselves. Enter that address as the endpoint if you trust it.',
    detail: detailOf(cause),
    cause,
  });
}

function wrongRegion({ region, address }: Refusal, bucket: string, cause: unknown): StorageError {
  const subject = bucket === '' ? '' : ` for ${bucket}`;
  const sentence =
    region === undefined
      ? `The region is wrong for this bucket: ${bucket}`
      : `The region is wrong${subject}. It is: ${region}`;
  const hint =
    address === undefined || region !== undefined
      ? 'Enter the right region. Or turn off Disable Endpoint Region, so that it is looked up.'
      : `Enter the right region, or the endpoint that the server names: ${address.protocol}//${hostOf(address, bucket)}`;
  return new StorageError('invalid-settings', sentence, { hint, detail: detailOf(cause), cause });
}

function detailOf(cause: unknown): string {
  const { code, status } = answerOf(cause);
  return [status, code].filter((part) => part !== undefined && part !== 'Unknown').join(' · ');
}
