import { SaxesParser } from 'saxes';

/** A refusal in S3's own words: status, code, message and further elements of the error document. */
export class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** A request as the operations see it. */
export interface S3Request {
  readonly method: string;
  /** The request line's target, byte for byte. */
  readonly target: string;
  /** The target's part before `?`. */
  readonly rawPath: string;
  /** Names and values decoded once, in their order; values hold bytes (see ByteKey). */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What an operation answers. */
export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** A query parameter's value as bytes; undefined when it is not in the query. */
export function parameter(request: S3Request, name: string): string | undefined {
  return request.query.find(([key]) => key === name)?.[1];
}

/** Splits a raw query; `+` stands for a space, as in S3. */
export function parseQuery(rawQuery: string): [string, string][] {
  const decode = (text: string) => decodePercent(text.replaceAll('+', ' '));
  return rawQuery
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
    });
}

/** Decodes percent escapes once, into a string of bytes; anything that is no escape stays. */
export function decodePercent(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Percent-encodes a string of bytes as RFC 3986 has it; all but unreserved characters. */
export function encodePercent(bytes: string): string {
  return bytes.replace(
    /[^A-Za-z0-9\-._~]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Encodes a key the way S3 answers `encoding-type=url`: slashes stay, a space becomes `+`. */
export function encodeForListing(bytes: string): string {
  if (!/[^A-Za-z0-9\-._~/]/.test(bytes)) return bytes;
  return encodePercent(bytes).replaceAll('%2F', '/').replaceAll('%20', '+');
}

/** XML that is rendered already. */
export class RenderedXml {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** XML of an element; strings are escaped, arrays repeat the element, undefined leaves it out. */
export type XmlValue =
  | RenderedXml
  | string
  | number
  | boolean
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

/** Renders a document with S3's namespace. */
export function renderXml(name: string, value: XmlValue): string {
  const content = renderContent(value);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`;
}

/** Renders the error document of a refusal. */
export function renderRefusal(refusal: S3Refusal, resource: string, requestId: string): string {
  const error = { Code: refusal.code, Message: refusal.message, ...refusal.details };
  const content = renderContent({ ...error, Resource: resource, RequestId: requestId });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${content}</Error>`;
}

/** Renders what stands in an element. */
export function renderContent(value: XmlValue): string {
  if (value === undefined) return '';
  if (value instanceof RenderedXml) return value.text;
  if (typeof value !== 'object') return escapeXml(String(value));
  return Object.entries(value)
    .map(([name, content]) => {
      const repeated: readonly XmlValue[] = Array.isArray(content) ? content : [content];
      return repeated.map((each) => (each === undefined ? '' : `<${name}>${renderContent(each)}</${name}>`)).join('');
    })
    .join('');
}

const xmlEscapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

// S3 writes control characters as references even where XML 1.0 forbids them; clients ask for encoding-type=url instead.
function escapeXml(text: string): string {
  const reference = (character: string) => `&#x${character.charCodeAt(0).toString(16)};`;
  if (!/[&<>"\p{Cc}]/u.test(text)) return text;
  return text.replace(/[&<>"\p{Cc}]/gu, (character) => xmlEscapes[character] ?? reference(character));
}

/** One object of a DeleteObjects request. */
export interface DeleteItem {
  readonly key: string;
  readonly versionId: string | undefined;
  readonly etag: string | undefined;
}

/** Parses the body of DeleteObjects; throws MalformedXML for what S3 refuses. */
export function parseDelete(body: string): { quiet: boolean; items: DeleteItem[] } {
  return parsePlainDelete(body) ?? parseAnyDelete(body);
}

/** The body as clients mostly write it, keys in plain characters; undefined for any other. */
function parsePlainDelete(body: string): { quiet: boolean; items: DeleteItem[] } | undefined {
  const start = /^(?:<\?xml version="1\.0"[^<>]*\?>)?\s*<Delete(?: xmlns="[^"<&]*")?>/.exec(body);
  if (!start) return undefined;
  const object =
    /<Object><Key>([^<>&\p{Cc}\uFFFE\uFFFF]+)<\/Key>(?:<ETag>([^<>&\p{Cc}]+)<\/ETag>)?<\/Object>|<Quiet>(true|false)<\/Quiet>|<\/Delete>/uy;
  const items: DeleteItem[] = [];
  let quiet = false;
  object.lastIndex = start[0].length;
  for (let found = object.exec(body); found; found = object.exec(body)) {
    const [, key, etag, said] = found;
    if (key !== undefined) items.push({ key, etag, versionId: undefined });
    else if (said !== undefined) quiet = said === 'true';
    else
      return object.lastIndex === body.length && items.length > 0 && items.length <= 1000
        ? { quiet, items }
        : undefined;
  }
  return undefined;
}

function parseAnyDelete(body: string): { quiet: boolean; items: DeleteItem[] } {
  const malformed = () =>
    new S3Refusal(
      400,
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  const items: DeleteItem[] = [];
  const path: string[] = [];
  let quiet = false;
  let text = '';
  let item: Record<string, string> = {};

  const parser = new SaxesParser();
  parser.on('opentag', ({ name }) => {
    path.push(name);
    text = '';
    if (path.join('/') === 'Delete/Object') item = {};
  });
  parser.on('text', (part) => {
    text += part;
  });
  parser.on('cdata', (part) => {
    text += part;
  });
  parser.on('closetag', ({ name }) => {
    const at = path.join('/');
    if (at === 'Delete/Quiet') quiet = text.trim() === 'true';
    if (at.startsWith('Delete/Object/')) item[name] = text;
    if (at === 'Delete/Object') {
      if (item.Key === undefined || item.Key === '') throw malformed();
      items.push({ key: item.Key, versionId: item.VersionId, etag: item.ETag });
    }
    path.pop();
  });
  parser.on('error', () => {
    throw malformed();
  });
  parser.write(body).close();
  if (items.length === 0 || items.length > 1000) throw malformed();
  return { quiet, items };
}
