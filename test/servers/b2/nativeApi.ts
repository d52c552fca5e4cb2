import { createHash } from 'node:crypto';
import { type Answer, B2Refusal, decodePart, encodePart, json, type Request } from './answers.ts';
import type { ApplicationKey, KeyCapability, Keys } from './keys.ts';
import { type ListAsked, listNames, listVersions, type Row } from './listing.ts';
import { isForbiddenName, type Retention, type Store, type StoredBucket, type StoredVersion } from './store.ts';

/** What a simulator has and how it misbehaves. */
export interface Native {
  readonly store: Store;
  readonly keys: Keys;
  readonly undeletable: ReadonlySet<string>;
  /** Where it says that its API is, given where it was asked. */
  readonly apiUrl: (origin: string) => string;
  readonly downloadUrl: (origin: string) => string;
}

/** One call, with its parameters from the query or the body. */
interface Asked extends Native {
  readonly request: Request;
  readonly version: number;
  readonly given: Readonly<Record<string, unknown>>;
}

/** Answers what stands below /b2api/ and /file/. */
export function answerNative(request: Request, native: Native): Answer {
  if (request.path.startsWith('/file/')) return downloadByName(request, native);
  const [, version, operation = ''] = /^\/b2api\/v(\d)\/(b2_\w+)$/.exec(request.path) ?? [];
  const upload = /^\/b2api\/v\d\/b2_upload_file\/([^/]+)$/.exec(request.path)?.[1];
  if (upload !== undefined) return uploadFile(request, native, upload);
  const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (version === undefined || !run) throw new B2Refusal(404, 'not_found', 'This is no call of the API.');
  return run({ ...native, request, version: Number(version), given: parametersOf(request) });
}

const operations: Readonly<Record<string, (asked: Asked) => Answer>> = {
  b2_authorize_account: authorize,
  b2_list_buckets: listBuckets,
  b2_create_bucket: createBucket,
  b2_delete_bucket: deleteBucket,
  b2_list_file_names: (asked) => {
    const { bucket, list } = listing(asked);
    const { rows, next } = listNames(bucket, list);
    return json(200, { files: rows.map((row) => rowOf(asked, bucket, row)), nextFileName: next });
  },
  b2_list_file_versions: (asked) => {
    const { bucket, list } = listing(asked);
    const { rows, next, nextId } = listVersions(bucket, list);
    return json(200, { files: rows.map((row) => rowOf(asked, bucket, row)), nextFileName: next, nextFileId: nextId });
  },
  b2_list_unfinished_large_files: listUnfinished,
  b2_cancel_large_file: cancelLargeFile,
  b2_get_file_info: (asked) => {
    const { key, bucket, version } = fileById(asked, 'readFiles');
    allow(key, 'readFiles', bucket, version.name);
    return json(200, rowOf(asked, bucket, version));
  },
  b2_hide_file: hideFile,
  b2_delete_file_version: deleteVersion,
  b2_download_file_by_id: (asked) => {
    const { key, bucket, version } = fileById(asked, 'readFiles');
    allow(key, 'readFiles', bucket, version.name);
    return content(version);
  },
  b2_get_download_authorization: authorizeDownload,
  b2_get_upload_url: (asked) => {
    const { bucket } = inBucket(asked, 'writeFiles');
    const uploadUrl = `${asked.apiUrl(asked.request.origin)}/b2api/v1/b2_upload_file/${bucket.id}`;
    return json(200, { bucketId: bucket.id, uploadUrl, authorizationToken: asked.request.headers.authorization });
  },
};

/** The form of the answer depends on the version that is asked. https://www.backblaze.com/docs/cloud-storage-native-api-versions */
function authorize({ keys, request, store, version, apiUrl, downloadUrl }: Asked): Answer {
  const { key, token } = keys.signIn(request.headers.authorization);
  const buckets = key.buckets?.map((name) => ({ id: store.buckets.get(name)?.id ?? 'gone', name }));
  const [only] = buckets ?? [];
  const { capabilities, namePrefix = null } = key;
  if (version < 4 && (buckets?.length ?? 0) > 1) throw new B2Refusal(401, 'unsupported', 'This key needs version 4.');
  const urls = {
    apiUrl: apiUrl(request.origin),
    downloadUrl: downloadUrl(request.origin),
    s3ApiUrl: 'https://s3.example.invalid',
    recommendedPartSize: 100_000_000,
    absoluteMinimumPartSize: 5_000_000,
  };
  const who = { accountId: keys.accountId, authorizationToken: token, applicationKeyExpirationTimestamp: null };
  const single = { bucketId: only?.id ?? null, bucketName: only?.name ?? null };
  if (version < 3) return json(200, { ...who, ...urls, allowed: { capabilities, namePrefix, ...single } });
  const limits =
    version === 3
      ? { capabilities, namePrefix, ...single, infoType: 'storageApi' }
      : { allowed: { buckets: buckets ?? null, capabilities, namePrefix } };
  return json(200, { ...who, apiInfo: { storageApi: { ...urls, ...limits }, groupsApi: null } });
}

function listBuckets(asked: Asked): Answer {
  const { store, keys, given } = asked;
  const key = holder(asked);
  allow(key, 'listBuckets');
  checkAccount(asked);
  const [name, id] = [text(given, 'bucketName'), text(given, 'bucketId')];
  if (key.buckets && name === undefined && id === undefined) throw denied();
  const found = [...store.buckets.values()].filter(
    (bucket) => (name === undefined || bucket.name === name) && (id === undefined || bucket.id === id),
  );
  if (key.buckets && found.some((bucket) => !key.buckets?.includes(bucket.name))) throw denied();
  return json(200, { buckets: found.map((bucket) => bucketOf(keys, bucket)) });
}

function createBucket(asked: Asked): Answer {
  const { store, keys, given } = asked;
  const key = holder(asked);
  allow(key, 'writeBuckets');
  if (key.buckets) throw denied();
  checkAccount(asked);
  const name = text(given, 'bucketName') ?? '';
  if (!/^(?!b2-)[A-Za-z0-9-]{6,63}$/.test(name)) throw new B2Refusal(400, 'bad_request', 'Invalid bucket name');
  const taken = [...store.buckets.keys()].some((other) => other.toLowerCase() === name.toLowerCase());
  if (taken) throw new B2Refusal(400, 'duplicate_bucket_name', 'Bucket name is already in use.');
  return json(200, bucketOf(keys, store.createBucket(name, text(given, 'bucketType'))));
}

function deleteBucket(asked: Asked): Answer {
  const { bucket } = inBucket(asked, 'deleteBuckets');
  checkAccount(asked);
  if (!bucket.isEmpty) throw new B2Refusal(400, 'cannot_delete_non_empty_bucket', 'The bucket is not empty.');
  asked.store.buckets.delete(bucket.name);
  return json(200, bucketOf(asked.keys, bucket));
}

function listUnfinished(asked: Asked): Answer {
  const { key, bucket } = inBucket(asked, 'listFiles');
  const prefix = text(asked.given, 'namePrefix') ?? '';
  allow(key, 'listFiles', bucket, prefix);
  const all = [...bucket.namesFrom('')].flatMap((name) => bucket.versionsOf(name));
  const begun = all.filter(({ action, name }) => action === 'start' && name.startsWith(prefix));
  const from = begun.findIndex(({ id }) => id === (text(asked.given, 'startFileId') ?? id));
  const most = count(asked.given, 'maxFileCount', 100, 100);
  const rows = begun.slice(from, from + most);
  return json(200, {
    files: rows.map((row) => rowOf(asked, bucket, row)),
    nextFileId: begun[from + most]?.id ?? null,
  });
}

function cancelLargeFile(asked: Asked): Answer {
  const { key, bucket, version } = fileById(asked, 'writeFiles');
  allow(key, 'writeFiles', bucket, version.name);
  if (version.action !== 'start') throw new B2Refusal(400, 'bad_request', 'This large file is finished.');
  bucket.delete(version);
  const { accountId } = asked.keys;
  return json(200, { accountId, bucketId: bucket.id, fileId: version.id, fileName: version.name });
}

function hideFile(asked: Asked): Answer {
  const { key, bucket } = inBucket(asked, 'writeFiles');
  const name = fileName(asked.given);
  allow(key, 'writeFiles', bucket, name);
  if (asked.undeletable.has(`${bucket.name}/${name}`)) throw new B2Refusal(403, 'access_denied');
  const newest = bucket.versionsOf(name).find(({ action }) => action !== 'start');
  if (!newest) throw new B2Refusal(400, 'no_such_file', 'File not present');
  if (newest.action === 'hide') throw new B2Refusal(400, 'already_hidden', 'File is already hidden.');
  return json(200, rowOf(asked, bucket, asked.store.hide(bucket.name, name)));
}

/** https://www.backblaze.com/docs/cloud-storage-object-lock: what is locked is refused as not allowed. */
function deleteVersion(asked: Asked): Answer {
  const key = holder(asked);
  allow(key, 'deleteFiles');
  const name = fileName(asked.given);
  const id = text(asked.given, 'fileId');
  const bucket = [...asked.store.buckets.values()].find((each) => each.versionsOf(name).some((one) => one.id === id));
  const version = bucket?.versionsOf(name).find((one) => one.id === id);
  if (!bucket || !version) throw new B2Refusal(400, 'file_not_present', 'File not present');
  allow(key, 'deleteFiles', bucket, name);
  if (asked.undeletable.has(`${bucket.name}/${name}`)) throw new B2Refusal(403, 'access_denied');
  const { legalHold, retention } = version;
  const bypass = asked.given.bypassGovernance === true || asked.given.bypassGovernance === 'true';
  if (legalHold || (retention && isKept(retention, bypass && key.capabilities.includes('bypassGovernance')))) {
    throw new B2Refusal(403, 'access_denied', 'The file version is locked.');
  }
  bucket.delete(version);
  return json(200, { fileId: version.id, fileName: version.name });
}

function isKept({ mode, until }: Retention, bypassing: boolean): boolean {
  return until > Date.now() && !(mode === 'governance' && bypassing);
}

function authorizeDownload(asked: Asked): Answer {
  const { key, bucket } = inBucket(asked, 'shareFiles');
  const prefix = text(asked.given, 'fileNamePrefix') ?? '';
  allow(key, 'shareFiles', bucket, prefix);
  const seconds = count(asked.given, 'validDurationInSeconds', 0, 604_800);
  const token = asked.keys.allowDownload(bucket.name, prefix, seconds);
  return json(200, { bucketId: bucket.id, fileNamePrefix: prefix, authorizationToken: token });
}

/** https://www.backblaze.com/apidocs/b2-download-file-by-name */
function downloadByName(request: Request, { keys, store }: Native): Answer {
  const [, bucketName = '', encoded = ''] = /^\/file\/([^/]+)\/(.+)$/.exec(request.path) ?? [];
  const name = decodePart(encoded);
  const bucket = store.buckets.get(decodePart(bucketName));
  const token = request.headers.authorization ?? request.query.get('Authorization') ?? undefined;
  if (!keys.opens(token, bucketName, name)) {
    const key = keys.holderOf(token);
    allow(key, 'readFiles');
    if (bucket) allow(key, 'readFiles', bucket, name);
  }
  const version = bucket?.current(name);
  if (!version) throw new B2Refusal(404, 'not_found', 'File with such name does not exist.');
  return content(version);
}

function uploadFile({ body, headers }: Request, { keys, store }: Native, bucketId: string): Answer {
  const key = keys.holderOf(headers.authorization);
  const bucket = bucketById(store, bucketId);
  const name = decodePart(headers['x-bz-file-name'] ?? '');
  allow(key, 'writeFiles', bucket, name);
  if (isForbiddenName(name)) throw new B2Refusal(400, 'bad_request', 'Bad file name');
  const said = headers['x-bz-content-sha1'];
  const whole = said === 'hex_digits_at_end' ? body.subarray(0, -40) : body;
  const sum = said === 'hex_digits_at_end' ? body.subarray(-40).toString() : said;
  if (sum !== sha1(whole)) throw new B2Refusal(400, 'bad_request', 'Sha1 did not match data received');
  const info = Object.fromEntries(
    Object.entries(headers).flatMap(([header, value]) =>
      header.startsWith('x-bz-info-') ? [[header.slice('x-bz-info-'.length), decodePart(value ?? '')]] : [],
    ),
  );
  const contentType = headers['content-type'] === 'b2/x-auto' ? 'text/plain' : (headers['content-type'] ?? '');
  const stored = store.put(bucket.name, name, whole, { contentType, info });
  return json(200, fileOf(keys, bucket, stored));
}

function content(version: StoredVersion): Answer {
  return {
    status: 200,
    headers: {
      'content-type': version.contentType,
      'x-bz-file-id': version.id,
      'x-bz-file-name': encodePart(version.name),
      'x-bz-content-sha1': sha1(version.content),
      'x-bz-upload-timestamp': String(version.uploaded),
      ...Object.fromEntries(
        Object.entries(version.info).map(([name, value]) => [`x-bz-info-${name}`, encodePart(value)]),
      ),
    },
    body: version.content,
  };
}

function bucketOf({ accountId }: Keys, { id, name, type, lifecycleRules }: StoredBucket) {
  return {
    accountId,
    bucketId: id,
    bucketName: name,
    bucketType: type,
    bucketInfo: {},
    corsRules: [],
    defaultServerSideEncryption: { isClientAuthorizedToRead: true, value: { algorithm: null, mode: null } },
    fileLockConfiguration: {
      isClientAuthorizedToRead: true,
      value: { defaultRetention: { mode: null, period: null }, isFileLockEnabled: true },
    },
    lifecycleRules,
    options: [],
    revision: 1,
  };
}

function rowOf(asked: Asked, bucket: StoredBucket, row: Row) {
  if (typeof row === 'string') {
    return { accountId: asked.keys.accountId, action: 'folder', bucketId: bucket.id, fileId: null, fileName: row };
  }
  return fileOf(asked.keys, bucket, row, holder(asked));
}

function fileOf({ accountId }: Keys, bucket: StoredBucket, version: StoredVersion, key?: ApplicationKey) {
  const { retention, legalHold, action } = version;
  const mayRead = (capability: KeyCapability) => key?.capabilities.includes(capability) ?? true;
  const filtered = (capability: KeyCapability, value: unknown) => ({
    isClientAuthorizedToRead: mayRead(capability),
    value: mayRead(capability) ? value : null,
  });
  return {
    accountId,
    action,
    bucketId: bucket.id,
    contentLength: version.content.length,
    contentSha1: action === 'upload' ? sha1(version.content) : null,
    contentType: version.contentType,
    fileId: version.id,
    fileInfo: version.info,
    fileName: version.name,
    fileRetention: filtered('readFileRetentions', {
      mode: retention?.mode ?? null,
      retainUntilTimestamp: retention?.until ?? null,
    }),
    legalHold: filtered('readFileLegalHolds', legalHold === undefined ? null : legalHold ? 'on' : 'off'),
    serverSideEncryption: { algorithm: null, mode: null },
    uploadTimestamp: version.uploaded,
  };
}

function listing(asked: Asked): { bucket: StoredBucket; list: ListAsked } {
  const { given } = asked;
  const { key, bucket } = inBucket(asked, 'listFiles');
  const startId = text(given, 'startFileId');
  const list = {
    start: text(given, 'startFileName') ?? '',
    prefix: text(given, 'prefix') ?? '',
    delimiter: text(given, 'delimiter') ?? '',
    most: count(given, 'maxFileCount', 100, 10_000),
    ...(startId === undefined ? {} : { startId }),
  };
  allow(key, 'listFiles', bucket, list.prefix);
  return { bucket, list };
}

function inBucket(asked: Asked, capability: KeyCapability): { key: ApplicationKey; bucket: StoredBucket } {
  const key = holder(asked);
  allow(key, capability);
  const bucket = bucketById(asked.store, text(asked.given, 'bucketId') ?? '');
  if (key.buckets && !key.buckets.includes(bucket.name)) throw denied();
  return { key, bucket };
}

function fileById(asked: Asked, capability: KeyCapability) {
  const key = holder(asked);
  allow(key, capability);
  const id = text(asked.given, 'fileId') ?? '';
  for (const bucket of asked.store.buckets.values()) {
    const version = bucket.find(id);
    if (version) return { key, bucket, version };
  }
  throw new B2Refusal(404, 'not_found', 'File not present');
}

function bucketById(store: Store, id: string): StoredBucket {
  const bucket = store.bucketOf(id);
  if (!bucket) throw new B2Refusal(400, 'bad_bucket_id', 'Bucket does not exist');
  return bucket;
}

function holder({ keys, request }: Asked): ApplicationKey {
  return keys.holderOf(request.headers.authorization);
}

/** A key without the capability, or restricted to elsewhere, is refused with 401. */
function allow(key: ApplicationKey, capability: KeyCapability, bucket?: StoredBucket, name?: string): void {
  if (!key.capabilities.includes(capability)) throw denied();
  if (bucket && key.buckets && !key.buckets.includes(bucket.name)) throw denied();
  if (name !== undefined && !name.startsWith(key.namePrefix ?? '')) throw denied();
}

function denied(): B2Refusal {
  return new B2Refusal(401, 'unauthorized', 'The key does not allow this.');
}

function checkAccount({ given, keys }: Asked): void {
  if (text(given, 'accountId') !== keys.accountId) throw new B2Refusal(400, 'bad_request', 'Invalid accountId');
}

function fileName(given: Asked['given']): string {
  const name = text(given, 'fileName') ?? '';
  if (isForbiddenName(name)) throw new B2Refusal(400, 'bad_request', 'File names may not have this.');
  return name;
}

function parametersOf({ method, query, body }: Request): Readonly<Record<string, unknown>> {
  if (method === 'GET') return Object.fromEntries(query);
  if (method !== 'POST') throw new B2Refusal(405, 'method_not_allowed');
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    throw new B2Refusal(400, 'bad_json', 'This is not JSON.');
  }
}

function text(given: Asked['given'], name: string): string | undefined {
  const value = given[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function count(given: Asked['given'], name: string, usual: number, most: number): number {
  const value = Number(given[name] ?? usual) || usual;
  if (value < 1 || value > most) throw new B2Refusal(400, 'out_of_range', `${name} out of range`);
  return value;
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}
