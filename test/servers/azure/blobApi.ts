import { type Blob, type Kept, md5Of, newCopyId, type Protection, StoredContainer } from './store.ts';

export interface Request {
  readonly method: string;
  /** Behind the account: `/container/name`, encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a simulator has, for preparing and judging past the API. */
export interface Account {
  readonly name: string;
  readonly protection: Protection;
  readonly containers: Map<string, StoredContainer>;
}

/** The service's way to say no. https://learn.microsoft.com/rest/api/storageservices/status-and-error-codes2 */
export class AzureRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

export function answerBlob(request: Request, account: Account): Answer {
  try {
    return route(request, account);
  } catch (error) {
    if (!(error instanceof AzureRefusal)) throw error;
    const body = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${error.code}</Code><Message>${error.code}</Message></Error>`;
    return {
      ...xml(error.status, body),
      headers: { 'x-ms-error-code': error.code, 'content-type': 'application/xml' },
    };
  }
}

function route(request: Request, account: Account): Answer {
  const { method, path, query } = request;
  const [, container = '', name] = /^\/([^/]*)(?:\/(.*))?$/s.exec(path) ?? [];
  const comp = query.get('comp') ?? '';
  if (query.get('restype') === 'account') return accountInformation(account);
  if (container === '') return ofAccount(comp, account);
  if (name === undefined || name === '') return ofContainer(request, account, decodePart(container));
  const stored = account.containers.get(decodePart(container));
  if (!stored) throw new AzureRefusal(404, 'ContainerNotFound');
  const id = decodePart(name);
  if (method === 'PUT') return putBlob(request, account, stored, id);
  if (method === 'GET' || method === 'HEAD') return getBlob(request, stored, id);
  if (method === 'DELETE') return deleteBlob(request, stored, id);
  throw new AzureRefusal(405, 'UnsupportedHttpVerb');
}

/** https://learn.microsoft.com/rest/api/storageservices/get-account-information */
function accountInformation({ protection: { hierarchical } }: Account): Answer {
  const facts = {
    'x-ms-sku-name': 'Standard_LRS',
    'x-ms-account-kind': 'StorageV2',
    'x-ms-is-hns-enabled': String(hierarchical),
  };
  return empty(200, facts);
}

/** https://learn.microsoft.com/rest/api/storageservices/get-blob-service-properties: of versioning it says nothing. */
function ofAccount(comp: string, { protection, containers }: Account): Answer {
  if (comp === 'list') {
    const rows = [...containers.keys()]
      .sort()
      .map((name) => `<Container><Name>${name}</Name><Properties/></Container>`);
    return xml(200, list(`<Containers>${rows.join('')}</Containers><NextMarker/>`));
  }
  if (comp !== 'properties') throw new AzureRefusal(400, 'InvalidQueryParameterValue');
  const { softDelete } = protection;
  const policy = `<Enabled>${softDelete > 0}</Enabled>${softDelete > 0 ? `<Days>${softDelete}</Days>` : ''}`;
  return xml(
    200,
    `${head}<StorageServiceProperties><Cors/><DeleteRetentionPolicy>${policy}</DeleteRetentionPolicy></StorageServiceProperties>`,
  );
}

function ofContainer(request: Request, account: Account, name: string): Answer {
  const { method, query } = request;
  if (method === 'PUT') {
    if (account.containers.has(name)) throw new AzureRefusal(409, 'ContainerAlreadyExists');
    account.containers.set(name, new StoredContainer(account.protection));
    return empty(201);
  }
  const stored = account.containers.get(name);
  if (!stored) throw new AzureRefusal(404, 'ContainerNotFound');
  const comp = query.get('comp');
  if (method === 'GET' && comp === 'list') return listBlobs(query, stored);
  if (method === 'POST' && comp === 'batch') {
    if (account.protection.hierarchical) throw new AzureRefusal(409, 'FeatureNotSupportedForAccount');
    return batch(request, account);
  }
  if (method === 'GET' || method === 'HEAD') return empty(200, { etag: '"0x1"' });
  throw new AzureRefusal(405, 'UnsupportedHttpVerb');
}

/** https://learn.microsoft.com/rest/api/storageservices/list-blobs */
function listBlobs(query: URLSearchParams, stored: StoredContainer): Answer {
  const include = new Set((query.get('include') ?? '').split(','));
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
  const most = Number(query.get('maxresults') ?? 5000);
  const start = Number(Buffer.from(query.get('marker') ?? '', 'base64url').toString() || 0);
  const rows: string[] = [];
  if (query.get('showonly') === 'deleted') {
    for (const name of stored.sorted().filter((each) => each.startsWith(prefix)))
      rows.push(...deletedRows(name, stored));
    return xml(200, list(`<Blobs>${rows.join('')}</Blobs><NextMarker/>`));
  }
  for (const name of stored.sorted()) {
    if (!name.startsWith(prefix)) continue;
    const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
    if (cut < 0) rows.push(...rowsOf(name, stored, include));
    else if (stored.live(name)) {
      const row = `<BlobPrefix>${nameXml(name.slice(0, cut + delimiter.length))}</BlobPrefix>`;
      if (rows.at(-1) !== row) rows.push(row);
    }
  }
  const next = start + most < rows.length ? Buffer.from(String(start + most)).toString('base64url') : '';
  const page = rows.slice(start, start + most).join('');
  return xml(200, list(`<Blobs>${page}</Blobs><NextMarker>${next}</NextMarker>`));
}

/** Of an account with a hierarchical namespace: each deletion by its id. */
function deletedRows(name: string, stored: StoredContainer): string[] {
  return stored
    .slot(name)
    .kept.flatMap(({ blob, deletion, deleted }) =>
      deleted ? [rowOf(name, blob, `<DeletionId>${deletion}</DeletionId><Deleted>true</Deleted>`)] : [],
    );
}

/** Snapshots and earlier versions stand before the blob itself. */
function rowsOf(name: string, stored: StoredContainer, include: ReadonlySet<string>): string[] {
  const { live, kept } = stored.slot(name);
  const shown = kept.filter(
    ({ snapshot, version, deleted }) =>
      (deleted === undefined || include.has('deleted')) &&
      (snapshot === undefined || include.has('snapshots')) &&
      (version === undefined || include.has('versions')),
  );
  const marks = ({ snapshot, version, deleted }: Kept) =>
    `${snapshot ? `<Snapshot>${snapshot}</Snapshot>` : ''}${version ? `<VersionId>${version}</VersionId>` : ''}${deleted ? '<Deleted>true</Deleted>' : ''}`;
  const current = (blob: Blob) =>
    blob.version && include.has('versions')
      ? `<VersionId>${blob.version}</VersionId><IsCurrentVersion>true</IsCurrentVersion>`
      : '';
  return [
    ...shown.map((each) => rowOf(name, each.blob, marks(each))),
    ...(live ? [rowOf(name, live, current(live))] : []),
  ];
}

function rowOf(name: string, blob: Blob, marks: string): string {
  const { content, type, tag, modified, tier, folder } = blob;
  const kind = folder ? '<ResourceType>directory</ResourceType>' : '';
  return `<Blob>${nameXml(name)}${marks}<Properties><Last-Modified>${modified.toUTCString()}</Last-Modified><Etag>${tag}</Etag><Content-Length>${content.length}</Content-Length><Content-Type>${type}</Content-Type><Content-MD5>${md5Of(content)}</Content-MD5><BlobType>BlockBlob</BlobType><AccessTier>${tier}</AccessTier><LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>${kind}</Properties></Blob>`;
}

function putBlob(request: Request, account: Account, stored: StoredContainer, id: string): Answer {
  const { query, headers, body } = request;
  const comp = query.get('comp');
  if (comp === 'undelete' && account.protection.hierarchical) {
    const [, from = '', deletion = ''] = /^(.*)\?deletionid=(.*)$/s.exec(headers['x-ms-undelete-source'] ?? '') ?? [];
    const refusal = decodePart(from) === id ? stored.undeletePath(id, deletion) : 'PathNotFound';
    if (refusal) throw new AzureRefusal(refusal === 'PathNotFound' ? 404 : 409, refusal);
    return empty(200);
  }
  if (comp === 'undelete') {
    if (!stored.undelete(id)) throw new AzureRefusal(404, 'BlobNotFound');
    return empty(200);
  }
  if (comp === 'snapshot') {
    if (!stored.live(id)) throw new AzureRefusal(404, 'BlobNotFound');
    return empty(201, { 'x-ms-snapshot': stored.snapshot(id) });
  }
  if (comp !== null) throw new AzureRefusal(400, 'InvalidQueryParameterValue');
  if (headers['if-none-match'] === '*' && stored.live(id)) throw new AzureRefusal(409, 'BlobAlreadyExists');
  const source = headers['x-ms-copy-source'];
  if (source !== undefined) return copyBlob(source, headers, account, stored, id);
  if (headers['x-ms-blob-type'] !== 'BlockBlob') throw new AzureRefusal(400, 'InvalidHeaderValue');
  const type = headers['x-ms-blob-content-type'] ?? headers['content-type'] ?? 'application/octet-stream';
  const blob = stored.put(id, body, { type });
  return empty(201, { etag: `"${blob.tag}"`, 'last-modified': blob.modified.toUTCString() });
}

/** https://learn.microsoft.com/rest/api/storageservices/copy-blob: within an account it is done at once. */
function copyBlob(
  source: string,
  headers: Request['headers'],
  account: Account,
  stored: StoredContainer,
  id: string,
): Answer {
  const url = new URL(source);
  const rawPath = source.slice(url.origin.length).split('?')[0] ?? '';
  const [, name, container = '', key = ''] = /^\/([^/]+)\/([^/]+)\/(.*)$/s.exec(rawPath) ?? [];
  const version = url.searchParams.get('versionid');
  const from = name === account.name && account.containers.get(decodePart(container));
  if (!from) throw new AzureRefusal(404, 'CannotVerifyCopySource');
  const { live, kept } = from.slot(decodePart(key));
  const blob = version === null ? live : kept.find((each) => each.version === version && !each.deleted)?.blob;
  if (!blob) throw new AzureRefusal(404, 'CannotVerifyCopySource');
  if (blob.tier === 'Archive') throw new AzureRefusal(409, 'BlobArchived');
  url.searchParams.delete('sig');
  const copied = stored.put(id, blob.content, {
    type: blob.type,
    tier: headers['x-ms-access-tier'] ?? 'Hot',
    copy: { id: newCopyId(), source: url.href },
  });
  return empty(202, {
    etag: `"${copied.tag}"`,
    'last-modified': copied.modified.toUTCString(),
    'x-ms-copy-id': copied.copy?.id ?? '',
    'x-ms-copy-status': 'success',
  });
}

function getBlob({ method, query }: Request, stored: StoredContainer, id: string): Answer {
  const version = query.get('versionid');
  const { live, kept } = stored.slot(id);
  const blob =
    version === null ? live : [live, ...kept.map((each) => each.blob)].find((each) => each?.version === version);
  if (!blob) throw new AzureRefusal(404, 'BlobNotFound');
  const facts = {
    etag: `"${blob.tag}"`,
    'last-modified': blob.modified.toUTCString(),
    'content-type': blob.type,
    'content-length': String(blob.content.length),
    'content-md5': md5Of(blob.content),
    'x-ms-blob-type': 'BlockBlob',
    'x-ms-access-tier': blob.tier,
    ...(blob.folder ? { 'x-ms-resource-type': 'directory', 'x-ms-meta-hdi_isfolder': 'true' } : {}),
    ...(blob.version ? { 'x-ms-version-id': blob.version, 'x-ms-is-current-version': String(blob === live) } : {}),
    ...(blob.copy
      ? { 'x-ms-copy-id': blob.copy.id, 'x-ms-copy-source': blob.copy.source, 'x-ms-copy-status': 'success' }
      : {}),
  };
  return { status: 200, headers: facts, body: method === 'HEAD' ? Buffer.alloc(0) : blob.content };
}

/** https://learn.microsoft.com/rest/api/storageservices/delete-blob */
function deleteBlob({ headers }: Pick<Request, 'headers'>, stored: StoredContainer, id: string): Answer {
  const { live, kept } = stored.slot(id);
  if (!live) throw new AzureRefusal(404, 'BlobNotFound');
  const wanted = headers['if-match'];
  if (wanted !== undefined && wanted !== '*' && wanted !== `"${live.tag}"`)
    throw new AzureRefusal(412, 'ConditionNotMet');
  const snapshots = kept.some(({ snapshot, deleted }) => snapshot !== undefined && !deleted);
  if (snapshots && headers['x-ms-delete-snapshots'] === undefined) throw new AzureRefusal(409, 'SnapshotsPresent');
  if (live.folder && stored.names().some((name) => name.startsWith(`${id}/`))) {
    throw new AzureRefusal(409, 'DirectoryIsNotEmpty');
  }
  stored.delete(id);
  return empty(202, { 'x-ms-delete-type-permanent': 'false' });
}

/** https://learn.microsoft.com/rest/api/storageservices/blob-batch, deletions alone. */
function batch({ headers, body }: Request, account: Account): Answer {
  const boundary = /boundary="?([^";]+)/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const parts = body.toString('utf8').split(`--${boundary}`).slice(1, -1);
  const replies = parts.map((part) => {
    const id = /Content-ID: (\d+)/i.exec(part)?.[1] ?? '';
    const target = /DELETE (\S+) HTTP/.exec(part)?.[1] ?? '';
    const header = (name: string) => new RegExp(`^${name}: (.*?)\\r?$`, 'im').exec(part)?.[1];
    const asked = {
      method: 'DELETE',
      path: (target.split('?')[0] ?? '').slice(account.name.length + 1),
      query: new URLSearchParams(),
      headers: { 'if-match': header('If-Match'), 'x-ms-delete-snapshots': header('x-ms-delete-snapshots') },
      body: Buffer.alloc(0),
    };
    const { status, headers: said } = answerBlob(asked, account);
    const code = said['x-ms-error-code'];
    const lines = [`HTTP/1.1 ${status} Status`, ...(code ? [`x-ms-error-code: ${code}`] : []), 'x-ms-request-id: r'];
    return `--replies\r\nContent-Type: application/http\r\nContent-ID: ${id}\r\n\r\n${lines.join('\r\n')}\r\n\r\n`;
  });
  const text = `${replies.join('')}--replies--\r\n`;
  return { status: 202, headers: { 'content-type': 'multipart/mixed; boundary=replies' }, body: Buffer.from(text) };
}

const head = '<?xml version="1.0" encoding="utf-8"?>';

function list(inner: string): string {
  return `${head}<EnumerationResults ServiceEndpoint="http://simulator/">${inner}</EnumerationResults>`;
}

/** What XML can't carry is percent-encoded, and said to be. */
function nameXml(name: string): string {
  if (/[\p{Cc}\ufffe\uffff]/u.test(name)) return `<Name Encoded="true">${encodeURIComponent(name)}</Name>`;
  const escaped = name.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<Name>${escaped}</Name>`;
}

/** By bytes, and not as a URL. */
function decodePart(encoded: string): string {
  const bytes = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function xml(status: number, text: string): Answer {
  return { status, headers: { 'content-type': 'application/xml' }, body: Buffer.from(text) };
}

function empty(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: Buffer.alloc(0) };
}
