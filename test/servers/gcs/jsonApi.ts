import type { Account, Permission } from './accounts.ts';
import { type Answer, decodePart, empty, json, jsonError, type Request } from './answers.ts';
import { isForbiddenName, md5Of, type Store, type StoredBucket, type StoredObject } from './store.ts';

/** What the JSON API is asked in. */
export interface Asked {
  readonly store: Store;
  readonly account: Account | undefined;
  /** Where links lead. */
  readonly origin: string;
  /** `bucket/name` of objects that nobody may delete. */
  readonly undeletable: ReadonlySet<string>;
}

const objectPath = /^(?:\/download)?\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/;
const listPath = /^\/storage\/v1\/b\/([^/]+)\/o\/?$/;
const bucketPath = /^\/storage\/v1\/b\/([^/]+)\/?$/;
const bucketsPath = /^\/storage\/v1\/b\/?$/;
const permissionsPath = /^\/storage\/v1\/b\/([^/]+)\/iam\/testPermissions$/;
const uploadPath = /^\/upload\/storage\/v1\/b\/([^/]+)\/o\/?$/;

/** Answers one call of the JSON API. */
export function answerJson(request: Request, asked: Asked): Answer {
  const { method, path } = request;
  if (!asked.account) {
    return jsonError(401, request.headers.authorization ? 'authError' : 'required', 'Invalid Credentials');
  }
  const at = (pattern: RegExp) => pattern.exec(path)?.slice(1).map(decodePart);
  const [objectBucket, name] = at(objectPath) ?? [];
  if (objectBucket !== undefined && name !== undefined) return ofObject(request, asked, objectBucket, name);
  const [listed] = at(listPath) ?? [];
  if (listed !== undefined && method === 'GET') {
    return inBucket(asked, 'storage.objects.list', listed, (bucket) => listObjects(request, asked, bucket));
  }
  const [tested] = at(permissionsPath) ?? [];
  if (tested !== undefined && method === 'GET') return testPermissions(request, asked, tested);
  const [uploaded] = at(uploadPath) ?? [];
  if (uploaded !== undefined && method === 'POST') {
    return inBucket(asked, 'storage.objects.create', uploaded, () => upload(request, asked, uploaded));
  }
  const [bucket] = at(bucketPath) ?? [];
  if (bucket !== undefined) return ofBucket(request, asked, bucket);
  if (bucketsPath.test(path)) return ofProject(request, asked);
  return jsonError(404, 'notFound', 'Not Found');
}

function ofProject({ method, query, body }: Request, { store, account }: Asked): Answer {
  const project = query.get('project') ?? '';
  if (project === '') return jsonError(400, 'required', 'Required parameter: project');
  if (method === 'GET') {
    if (!account?.may('storage.buckets.list')) return denied(account, 'storage.buckets.list');
    const prefix = query.get('prefix') ?? '';
    const names = [...store.buckets.keys()].filter((name) => name.startsWith(prefix)).sort();
    const after = pageStart(query);
    const rest = names.filter((name) => name > after && store.bucket(name).project === project);
    const page = rest.slice(0, pageSize(query));
    const next = rest.length > page.length ? page.at(-1) : undefined;
    const items = page.map((name) => bucketResource(store.bucket(name)));
    return json(200, withFields(query, { kind: 'storage#buckets', ...pageToken(next), items }));
  }
  if (method !== 'POST') return jsonError(405, 'methodNotAllowed', 'Method Not Allowed');
  if (!account?.may('storage.buckets.create')) return denied(account, 'storage.buckets.create');
  const settings = JSON.parse(body.toString('utf8')) as {
    name: string;
    location?: string;
    versioning?: { enabled?: boolean };
    softDeletePolicy?: { retentionDurationSeconds?: string };
  };
  if (store.buckets.has(settings.name)) {
    return jsonError(
      409,
      'conflict',
      'Your previous request to create the named bucket succeeded and you already own it.',
    );
  }
  if (!/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/.test(settings.name)) {
    return jsonError(400, 'invalid', `Invalid bucket name: '${settings.name}'`);
  }
  if (settings.location !== undefined && !/^[A-Za-z0-9-]+$/.test(settings.location)) {
    return jsonError(400, 'invalid', 'The specified location constraint is not valid.');
  }
  const bucket = store.createBucket(settings.name, project, {
    ...(settings.location === undefined ? {} : { location: settings.location.toUpperCase() }),
    versioning: settings.versioning?.enabled ?? false,
    softDelete: Number(settings.softDeletePolicy?.retentionDurationSeconds ?? 604_800),
  });
  return json(200, withFields(query, bucketResource(bucket)));
}

function ofBucket(request: Request, asked: Asked, name: string): Answer {
  const { method, query } = request;
  if (method === 'GET') {
    return inBucket(asked, 'storage.buckets.get', name, (bucket) =>
      json(200, withFields(query, bucketResource(bucket))),
    );
  }
  if (method === 'PATCH') {
    return inBucket(asked, 'storage.buckets.update', name, (bucket) => patchBucket(request, bucket));
  }
  if (method !== 'DELETE') return jsonError(405, 'methodNotAllowed', 'Method Not Allowed');
  return inBucket(asked, 'storage.buckets.delete', name, (bucket) => {
    if (bucket.size > 0 || bucket.noncurrent.length > 0) {
      return jsonError(409, 'conflict', 'The bucket you tried to delete is not empty.');
    }
    asked.store.buckets.delete(name);
    return empty(204);
  });
}

function ofObject({ method, query }: Request, asked: Asked, bucketName: string, name: string): Answer {
  const needed = method === 'DELETE' ? 'storage.objects.delete' : 'storage.objects.get';
  return inBucket(asked, needed, bucketName, (bucket) => {
    const generation = query.get('generation') ?? undefined;
    const object = find(bucket, name, generation);
    if (method === 'DELETE' && asked.undeletable.has(`${bucketName}/${name}`)) return denied(asked.account, needed);
    if (!object) return jsonError(404, 'notFound', `No such object: ${bucketName}/${name}`);
    const wanted = query.get('ifGenerationMatch');
    if (wanted !== null && wanted !== object.generation) {
      const message = 'At least one of the pre-conditions you specified did not hold.';
      return jsonError(412, 'conditionNotMet', message);
    }
    if (method === 'DELETE') return remove(bucket, object, generation);
    if (method !== 'GET') return jsonError(405, 'methodNotAllowed', 'Method Not Allowed');
    return query.get('alt') === 'media'
      ? media(object)
      : json(200, withFields(query, objectResource(asked.origin, bucket, object)));
  });
}

/** A hold is refused with the reason that a missing permission has too, as Cloud Storage was measured to do. */
function remove(bucket: StoredBucket, object: StoredObject, generation: string | undefined): Answer {
  const refusal = bucket.refusal(object);
  const where = `Object '${bucket.name}/${object.name}'`;
  if (refusal === 'held') {
    return jsonError(403, 'forbidden', `${where} is under active Temporary hold and cannot be deleted.`);
  }
  if (refusal === 'retained') {
    const message = `${where} is subject to bucket's retention policy or object retention and cannot be deleted.`;
    return jsonError(403, 'retentionPolicyNotMet', message);
  }
  bucket.delete(object.name, generation);
  return empty(204);
}

function listObjects({ query }: Request, { origin }: Asked, bucket: StoredBucket): Answer {
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const [startOffset, endOffset] = [query.get('startOffset') ?? '', query.get('endOffset') ?? ''];
  const most = pageSize(query);
  const [items, prefixes]: [unknown[], string[]] = [[], []];
  const after = pageStart(query);
  const before = (one: string, other: string) => Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
  let last = '';
  let next: string | undefined;
  const start = [prefix, startOffset, after].reduce((one, other) => (before(one, other) ? other : one));
  for (const object of bucket.from(start)) {
    const { name } = object;
    if (!name.startsWith(prefix)) break;
    if (endOffset !== '' && !before(name, endOffset)) break;
    const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
    const row = cut < 0 ? name : name.slice(0, cut + delimiter.length);
    if (row === after || row === last) continue;
    if (items.length + prefixes.length === most) {
      next = last;
      break;
    }
    if (cut < 0) items.push(objectResource(origin, bucket, object));
    else prefixes.push(row);
    last = row;
  }
  const some = { ...(prefixes.length > 0 ? { prefixes } : {}), ...(items.length > 0 ? { items } : {}) };
  return json(200, withFields(query, { kind: 'storage#objects', ...pageToken(next), ...some }));
}

function testPermissions({ query }: Request, asked: Asked, name: string): Answer {
  if (!asked.store.buckets.has(name)) return noBucket();
  const held = query.getAll('permissions').filter((each) => asked.account?.may(each as Permission, name));
  return json(200, { kind: 'storage#testIamPermissionsResponse', ...(held.length > 0 ? { permissions: held } : {}) });
}

/** `uploadType=media`, and the two parts of `uploadType=multipart`. */
function upload(request: Request, { store, origin }: Asked, bucket: string): Answer {
  const { query, headers, body } = request;
  const type = headers['content-type'] ?? 'application/octet-stream';
  const whole = { name: query.get('name') ?? '', content: body, type };
  const { name, content, type: contentType } = query.get('uploadType') === 'multipart' ? twoParts(body, type) : whole;
  if (isForbiddenName(name)) return jsonError(400, 'invalid', `Disallowed unicode characters present in object name`);
  const object = store.put(bucket, name, content, contentType);
  return json(200, withFields(query, objectResource(origin, store.bucket(bucket), object)));
}

function twoParts(body: Buffer, type: string): { name: string; content: Buffer; type: string } {
  const boundary = /boundary="?([^";]+)/.exec(type)?.[1] ?? '';
  const [, metadata = '', content = ''] = body.toString('latin1').split(`--${boundary}`);
  const inner = (part: string) => part.slice(part.indexOf('\r\n\r\n') + 4, part.lastIndexOf('\r\n'));
  const { name = '' } = JSON.parse(Buffer.from(inner(metadata), 'latin1').toString('utf8')) as { name?: string };
  const partType = /content-type: *([^\r\n]+)/i.exec(content)?.[1] ?? 'application/octet-stream';
  return { name, content: Buffer.from(inner(content), 'latin1'), type: partType };
}

function inBucket(
  { store, account }: Asked,
  permission: Permission,
  name: string,
  answer: (bucket: StoredBucket) => Answer,
): Answer {
  const bucket = store.buckets.get(name);
  if (!bucket) return noBucket();
  return account?.may(permission, name) ? answer(bucket) : denied(account, permission);
}

function find(bucket: StoredBucket, name: string, generation: string | undefined): StoredObject | undefined {
  const live = bucket.get(name);
  if (generation === undefined || live?.generation === generation) return live;
  return bucket.noncurrent.find((object) => object.name === name && object.generation === generation);
}

/** https://cloud.google.com/storage/docs/json_api/v1/objects#resource */
function objectResource(origin: string, bucket: StoredBucket, object: StoredObject): Record<string, unknown> {
  const { name, generation, content, contentType, created, temporaryHold, eventBasedHold, retainedUntil } = object;
  return {
    kind: 'storage#object',
    id: `${bucket.name}/${name}/${generation}`,
    name,
    bucket: bucket.name,
    generation,
    metageneration: '1',
    contentType,
    storageClass: 'STANDARD',
    size: String(content.length),
    md5Hash: md5Of(content),
    etag: `C${generation}`,
    mediaLink: `${origin}/download/storage/v1/b/${bucket.name}/o/${encodeURIComponent(name)}?generation=${generation}&alt=media`,
    timeCreated: created.toISOString(),
    updated: created.toISOString(),
    ...(temporaryHold === undefined ? {} : { temporaryHold }),
    ...(eventBasedHold === undefined ? {} : { eventBasedHold }),
    ...(retainedUntil === undefined ? {} : { retentionExpirationTime: retainedUntil.toISOString() }),
  };
}

/** https://cloud.google.com/storage/docs/json_api/v1/buckets#resource */
function bucketResource(bucket: StoredBucket): Record<string, unknown> {
  const { name, created, location, versioning, softDelete, lifecycle, metageneration } = bucket;
  return {
    kind: 'storage#bucket',
    id: name,
    name,
    location,
    locationType: 'multi-region',
    storageClass: 'STANDARD',
    timeCreated: created.toISOString(),
    updated: created.toISOString(),
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: 'inherited' },
    softDeletePolicy: { retentionDurationSeconds: String(softDelete) },
    metageneration: String(metageneration),
    ...(versioning ? { versioning: { enabled: true } } : {}),
    ...(lifecycle ? { lifecycle } : {}),
  };
}

/** Only lifecycle rules can be changed; no rules at all take them away. https://cloud.google.com/storage/docs/managing-lifecycles */
function patchBucket({ query, body }: Request, bucket: StoredBucket): Answer {
  const wanted = query.get('ifMetagenerationMatch');
  if (wanted !== null && wanted !== String(bucket.metageneration)) {
    return jsonError(412, 'conditionNotMet', 'At least one of the pre-conditions you specified did not hold.');
  }
  const { lifecycle } = JSON.parse(body.toString('utf8')) as { lifecycle?: { rule: readonly unknown[] } | null };
  if (lifecycle !== undefined) bucket.lifecycle = lifecycle?.rule.length ? lifecycle : undefined;
  bucket.metageneration++;
  return json(200, withFields(query, bucketResource(bucket)));
}

function media({ content, contentType, generation }: StoredObject): Answer {
  const headers = {
    'content-type': contentType,
    'x-goog-generation': generation,
    'x-goog-hash': `md5=${md5Of(content)}`,
  };
  return { status: 200, headers, body: content };
}

function noBucket(): Answer {
  return jsonError(404, 'notFound', 'The specified bucket does not exist.');
}

function denied(account: Account | undefined, permission: Permission): Answer {
  const message = `${account?.email} does not have ${permission} access to the Google Cloud Storage resource.`;
  return jsonError(403, 'forbidden', message);
}

function pageSize(query: URLSearchParams): number {
  const asked = Number(query.get('maxResults') ?? 1000);
  return Math.min(Number.isInteger(asked) && asked > 0 ? asked : 1000, 1000);
}

function pageStart(query: URLSearchParams): string {
  return Buffer.from(query.get('pageToken') ?? '', 'base64url').toString('utf8');
}

function pageToken(next: string | undefined): { nextPageToken?: string } {
  return next === undefined ? {} : { nextPageToken: Buffer.from(next).toString('base64url') };
}

/** Partial responses: `fields=kind,items(name,size)`. https://cloud.google.com/storage/docs/json_api#fields */
function withFields(query: URLSearchParams, resource: Record<string, unknown>): Record<string, unknown> {
  const fields = query.get('fields');
  return fields === null || fields === '*' ? resource : pick(resource, parseFields(fields));
}

type Selection = ReadonlyMap<string, Selection | undefined>;

function parseFields(text: string): Selection {
  const selection = new Map<string, Selection | undefined>();
  let depth = 0;
  let start = 0;
  for (let index = 0; index <= text.length; index++) {
    const character = text[index];
    if (character === '(') depth++;
    if (character === ')') depth--;
    if ((character !== ',' && character !== undefined) || depth > 0) continue;
    const [, name = '', inner] = /^([^(/]+)(?:\((.*)\)|\/(.*))?$/s.exec(text.slice(start, index)) ?? [];
    selection.set(name, inner === undefined ? undefined : parseFields(inner));
    start = index + 1;
  }
  return selection;
}

function pick(value: Record<string, unknown>, selection: Selection): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
      if (!selection.has(name)) return [];
      const deeper = selection.get(name);
      if (!deeper) return [[name, inner]];
      if (!Array.isArray(inner)) return [[name, pick(inner as Record<string, unknown>, deeper)]];
      return [[name, inner.map((each: Record<string, unknown>) => pick(each, deeper))]];
    }),
  );
}
