import { SaxesParser } from 'saxes';
import { type Answer, decodePart, escapeXml, type Request, xml, xmlError } from './answers.ts';
import type { Asked } from './jsonApi.ts';
import { md5Of, type StoredBucket } from './store.ts';

const mostKeys = 1000;

/** What the XML API is asked in. */
export interface AskedXml extends Asked {
  /** What becomes of a key that has no object: the documented services disagree, so a client has to cope with both. */
  readonly missing: 'deleted' | 'refused';
  /** Whether a request that carries a good signature in its query is let in. */
  readonly signed: Answer | 'good' | 'none';
}

/** Answers the part of the XML API that is needed here: one object, and many deleted at once. */
export function answerXml(request: Request, asked: AskedXml): Answer {
  const [, encodedBucket = '', encodedName = ''] = /^\/([^/]*)\/?(.*)$/s.exec(request.path) ?? [];
  const [bucketName, name] = [decodePart(encodedBucket), decodePart(encodedName)];
  if (typeof asked.signed === 'object') return asked.signed;
  if (!asked.account && asked.signed === 'none') {
    return xmlError(401, 'AuthenticationRequired', 'Authentication required.');
  }
  const bucket = asked.store.buckets.get(bucketName);
  if (!bucket) return xmlError(404, 'NoSuchBucket', 'The specified bucket does not exist.');
  if (name === '' && request.method === 'POST' && request.query.has('delete'))
    return removeMany(request, asked, bucket);
  if (name === '' || request.method !== 'GET') return xmlError(405, 'MethodNotAllowed', 'The method is not allowed.');
  if (asked.signed === 'none' && !asked.account?.may('storage.objects.get', bucketName)) return denied();
  const object = bucket.get(name);
  if (!object) return xmlError(404, 'NoSuchKey', 'The specified key does not exist.');
  return { status: 200, headers: { 'content-type': object.contentType }, body: object.content };
}

/**
 * Up to 1,000 keys, each with or without the generation that is meant.
 * https://cloud.google.com/storage/docs/xml-api/post-bucket#delete_multiple_objects
 */
function removeMany({ headers, body }: Request, asked: AskedXml, bucket: StoredBucket): Answer {
  if (headers['content-md5'] === undefined) return xmlError(400, 'InvalidArgument', 'Missing required checksum.');
  if (headers['content-md5'] !== md5Of(body)) return xmlError(400, 'BadDigest', 'The MD5 does not match.');
  const wanted = parseDelete(body.toString('utf8'));
  if (!wanted || wanted.length === 0 || wanted.length > mostKeys) {
    return xmlError(400, 'MalformedXML', 'The XML you provided was not well-formed.');
  }
  const results = wanted.map(({ key, version }) => removeKey(asked, bucket, key, version));
  return xml(200, `<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${results.join('')}</DeleteResult>`);
}

function removeKey(asked: AskedXml, bucket: StoredBucket, key: string, version: string | undefined): string {
  const named = `<Key>${escapeXml(key)}</Key>${version === undefined ? '' : `<VersionId>${version}</VersionId>`}`;
  const refused = (code: string) => `<Error>${named}<Code>${code}</Code><Message>${code}</Message></Error>`;
  const may = asked.account?.may('storage.objects.delete', bucket.name);
  if (!may || asked.undeletable.has(`${bucket.name}/${key}`)) return refused('AccessDenied');
  const live = bucket.get(key);
  const meant = version === undefined || live?.generation === version ? live : undefined;
  const noncurrent = bucket.noncurrent.some((object) => object.name === key && object.generation === version);
  if (!meant && !noncurrent) return asked.missing === 'deleted' ? `<Deleted>${named}</Deleted>` : refused('NoSuchKey');
  const refusal = meant && bucket.refusal(meant);
  if (refusal) return refused(refusal === 'held' ? 'ObjectUnderActiveHold' : 'RetentionPolicyNotMet');
  bucket.delete(key, version);
  return `<Deleted>${named}</Deleted>`;
}

interface Wanted {
  key: string;
  version: string | undefined;
}

function parseDelete(text: string): Wanted[] | undefined {
  const wanted: Wanted[] = [];
  let current: Wanted = { key: '', version: undefined };
  let content = '';
  let broken = false;
  const parser = new SaxesParser();
  parser.on('error', () => {
    broken = true;
  });
  parser.on('opentag', ({ name }) => {
    if (name === 'Object') current = { key: '', version: undefined };
    content = '';
  });
  parser.on('text', (part) => {
    content += part;
  });
  parser.on('closetag', ({ name }) => {
    if (name === 'Key') current.key = content;
    if (name === 'VersionId') current.version = content;
    if (name === 'Object') wanted.push(current);
  });
  parser.write(text).close();
  return broken ? undefined : wanted;
}

function denied(): Answer {
  return xmlError(403, 'AccessDenied', 'Access denied.');
}
