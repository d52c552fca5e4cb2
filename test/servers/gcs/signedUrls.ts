import { createHash } from 'node:crypto';
import { type Account, signerOf } from './accounts.ts';
import { type Answer, type Request, xmlError } from './answers.ts';

const longest = 604_800;

/**
 * Checks a request that is signed in its query, by version 4 with an RSA key.
 * https://cloud.google.com/storage/docs/authentication/signatures and …/canonical-requests
 */
export function checkSignature(
  request: Request,
  accounts: readonly Account[],
  now = Date.now(),
): Answer | 'good' | 'none' {
  const { query } = request;
  const algorithm = query.get('X-Goog-Algorithm');
  if (algorithm === null) return 'none';
  const [email = '', ...scope] = (query.get('X-Goog-Credential') ?? '').split('/');
  const [date = '', seconds, names = '', signature = ''] = ['Date', 'Expires', 'SignedHeaders', 'Signature'].map(
    (name) => query.get(`X-Goog-${name}`) ?? '',
  );
  const started = parseDate(date);
  const ofDay = scope[0] === date.slice(0, 8) && scope.slice(1).join('/') === 'auto/storage/goog4_request';
  if (algorithm !== 'GOOG4-RSA-SHA256' || !ofDay || Number.isNaN(started)) {
    return xmlError(400, 'AuthenticationQueryParametersError', 'The query parameters of the signature are malformed.');
  }
  if (!(Number(seconds) >= 1 && Number(seconds) <= longest)) {
    return xmlError(400, 'AuthorizationQueryParametersError', 'X-Goog-Expires must be 7 days at most.');
  }
  const keys = accounts.filter((account) => account.email === email);
  const text = [algorithm, date, scope.join('/'), hash(canonical(request, names))].join('\n');
  if (!signerOf(keys, text, Buffer.from(signature, 'hex'))) {
    return xmlError(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match.');
  }
  if (now > started + Number(seconds) * 1000) return xmlError(400, 'ExpiredToken', 'The provided token has expired.');
  return 'good';
}

function canonical({ method, path, rawQuery, headers }: Request, names: string): string {
  const query = rawQuery
    .split('&')
    .filter((part) => !part.startsWith('X-Goog-Signature='))
    .sort();
  // The service has no ports but its own, which its clients leave out of the host that they sign.
  const headerOf = (name: string) =>
    (name === 'host' ? headers.host?.replace(/:\d+$/, '') : headers[name])?.trim() ?? '';
  const signed = names.split(';').map((name) => `${name}:${headerOf(name)}\n`);
  return [method, path, query.join('&'), signed.join(''), names, 'UNSIGNED-PAYLOAD'].join('\n');
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function parseDate(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
