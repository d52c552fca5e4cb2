import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { decodePercent, encodePercent, parameter, S3Refusal, type S3Request } from './s3Protocol.ts';

/** A key pair that the server knows; a session token makes it a temporary one. */
export interface S3Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Claim {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
  /** The signature stands in the query, not in a header. */
  readonly presigned: boolean;
}

const algorithm = 'AWS4-HMAC-SHA256';
const clockSkewMs = 15 * 60 * 1000;

/**
 * Checks Signature Version 4 of a request, in a header or presigned; throws the refusal that S3 gives.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function checkSignature(request: S3Request, credentials: readonly S3Credential[], region?: string): void {
  const claim = readClaim(request);
  const credential = credentials.find((each) => each.accessKeyId === claim.accessKeyId);
  if (credential === undefined) {
    throw new S3Refusal(
      403,
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
      {
        AWSAccessKeyId: claim.accessKeyId,
      },
    );
  }
  checkTime(request, claim);
  checkRegion(claim, region);
  checkToken(request, claim, credential);
  if (!equals(claim.signature, computeSignature(request, claim, credential.secretAccessKey))) {
    throw new S3Refusal(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      { AWSAccessKeyId: claim.accessKeyId },
    );
  }
  checkPayload(request, claim);
}

function readClaim(request: S3Request): Claim {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) return readHeaderClaim(request, authorization);
  if (parameter(request, 'X-Amz-Algorithm') === algorithm) return readQueryClaim(request);
  throw new S3Refusal(403, 'AccessDenied', 'Access Denied');
}

function readHeaderClaim(request: S3Request, authorization: string): Claim {
  if (!authorization.startsWith(`${algorithm} `)) {
    throw new S3Refusal(
      400,
      'InvalidRequest',
      `The authorization mechanism you have provided is not supported. Please use ${algorithm}.`,
    );
  }
  const parts = Object.fromEntries(
    authorization
      .slice(algorithm.length + 1)
      .split(',')
      .map((part) => part.trim().split(/=(.*)/s, 2)),
  );
  return buildClaim(parts.Credential, parts.SignedHeaders, parts.Signature, request.headers['x-amz-date'], false);
}

function readQueryClaim(request: S3Request): Claim {
  const read = (name: string) => parameter(request, `X-Amz-${name}`);
  return buildClaim(read('Credential'), read('SignedHeaders'), read('Signature'), read('Date'), true);
}

function buildClaim(
  scope: string | undefined,
  signedHeaders: string | undefined,
  signature: string | undefined,
  timestamp: string | undefined,
  presigned: boolean,
): Claim {
  const parts = scope?.split('/') ?? [];
  const [service = '', region = '', date = ''] = [parts.at(-2), parts.at(-3), parts.at(-4)];
  const accessKeyId = parts.slice(0, -4).join('/');
  const names = signedHeaders?.split(';') ?? [];
  if (accessKeyId === '' || service !== 's3' || parts.at(-1) !== 'aws4_request' || !names.includes('host')) {
    throw malformedAuthorization('The authorization header is malformed.');
  }
  if (signature === undefined || timestamp === undefined || !timestamp.startsWith(date)) {
    throw new S3Refusal(403, 'AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  return { accessKeyId, date, region, service, signedHeaders: names, signature, timestamp, presigned };
}

function checkTime(request: S3Request, claim: Claim): void {
  const signedAt = Date.parse(
    claim.timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  const age = Date.now() - signedAt;
  const lifetime = claim.presigned ? Number(parameter(request, 'X-Amz-Expires')) * 1000 : clockSkewMs;
  if (claim.presigned && age > lifetime) throw new S3Refusal(403, 'AccessDenied', 'Request has expired');
  if (!(age <= lifetime && age >= -clockSkewMs)) {
    throw new S3Refusal(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      { RequestTime: claim.timestamp, ServerTime: new Date().toISOString() },
    );
  }
}

function checkRegion(claim: Claim, region: string | undefined): void {
  if (region === undefined || claim.region === region) return;
  throw malformedAuthorization(
    `The authorization header is malformed; the region '${claim.region}' is wrong; expecting '${region}'`,
    region,
  );
}

function malformedAuthorization(message: string, region?: string): S3Refusal {
  return new S3Refusal(400, 'AuthorizationHeaderMalformed', message, region === undefined ? {} : { Region: region });
}

function checkToken(request: S3Request, claim: Claim, credential: S3Credential): void {
  const token = claim.presigned ? parameter(request, 'X-Amz-Security-Token') : request.headers['x-amz-security-token'];
  if (token !== credential.sessionToken) {
    throw new S3Refusal(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
}

function computeSignature(request: S3Request, claim: Claim, secret: string): string {
  const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`;
  // Headers and paths are held as bytes, one a character.
  const canonical = createHash('sha256').update(canonicalRequest(request, claim), 'latin1').digest('hex');
  const steps = [claim.date, claim.region, claim.service, 'aws4_request'];
  const key = steps.reduce<string | Buffer>((current, step) => hmac(current, step), `AWS4${secret}`);
  return hmac(key, [algorithm, claim.timestamp, scope, canonical].join('\n')).toString('hex');
}

function canonicalRequest(request: S3Request, claim: Claim): string {
  const path = encodePercent(decodePercent(request.rawPath)).replaceAll('%2F', '/');
  const query = request.query
    .filter(([name]) => !(claim.presigned && name === 'X-Amz-Signature'))
    .map(([name, value]) => [encodePercent(name), encodePercent(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = claim.signedHeaders.map((name) => {
    const value = (request.headers[name] ?? '').trim().replace(/ +/g, ' ');
    return `${name}:${value}\n`;
  });
  const payload = claim.presigned ? 'UNSIGNED-PAYLOAD' : (request.headers['x-amz-content-sha256'] ?? '');
  return [request.method, path, query, headers.join(''), claim.signedHeaders.join(';'), payload].join('\n');
}

function checkPayload(request: S3Request, claim: Claim): void {
  const declared = request.headers['x-amz-content-sha256'];
  if (claim.presigned || declared === 'UNSIGNED-PAYLOAD') return;
  if (declared === undefined) {
    throw new S3Refusal(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
  }
  if (declared.startsWith('STREAMING-')) {
    throw new S3Refusal(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented');
  }
  if (!equals(declared, createHash('sha256').update(request.body).digest('hex'))) {
    throw new S3Refusal(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function equals(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
